"""The verbs of a model: the same in a run, an exported model and on a server."""

import numpy as np
import pytest

import zoo
from zoo.api.model import MissingVerb
from zoo.core.errors import UserError


def test_a_seed_gives_the_same_samples_everywhere(run, exported, served):
    samples = [model.sample(70, seed=5) for model in (run, exported, served)]  # more than a model sees at once
    assert samples[0].shape == (70, 8, 8, 1)
    assert samples[0].dtype == np.float32
    assert samples[0].min() >= 0
    assert samples[0].max() <= 1
    for others in samples[1:]:
        np.testing.assert_allclose(others, samples[0], atol=1e-6)
    np.testing.assert_allclose(run.sample(2, seed=6), samples[0][1:3], atol=1e-6)


def test_every_verb_answers_alike(run, place, digits):
    x = digits[0][:70]
    codes = place.encode(x)
    assert codes.shape == (70, 2)
    again = place.decode(codes)
    np.testing.assert_allclose(again, place.reconstruct(x), atol=1e-6)
    moments = place.call("encode", images=x)
    assert set(moments) == {"mean", "log_variance"}
    np.testing.assert_array_equal(moments["mean"], codes)
    for verb in ("encode", "reconstruct", "anomaly", "log_likelihood"):
        mine, runs = getattr(place, verb)(x), getattr(run, verb)(x)
        assert len(mine) == 70
        np.testing.assert_allclose(mine, runs, rtol=1e-5, atol=1e-5)


def test_pictures_go_in_as_bytes_or_floats_with_or_without_a_channel(place, digits):
    byte = (digits[0][:4] * 255).round().astype(np.uint8)
    codes = place.encode(byte)
    np.testing.assert_allclose(place.encode(byte.astype(np.float64) / 255), codes, atol=1e-5)
    np.testing.assert_allclose(place.encode(byte[..., 0]), codes, atol=1e-5)
    np.testing.assert_allclose(place.encode(list(byte)), codes, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, x: m.encode(x[0]), r"images has the shape \(8, 8, 1\); \(n, 8, 8, 1\) is right.*images\[None\]"),
        (lambda m, x: m.encode(x[:, :7]), r"images has the shape \(600, 7, 8, 1\)"),
        (lambda m, x: m.encode(x * 255.0), r"values in \[0, 255\]; they are floats in \[0, 1\] or uint8"),
        (lambda m, x: m.encode(x * 2 - 1), r"values in \[-1, 1\]"),
        (lambda m, x: m.encode(x * np.nan), r"values in \[nan, nan\]"),
        (lambda m, x: m.encode(np.array(["a"])), r"images holds numbers \(float32\); received ndarray of <U1"),
        (lambda m, x: m.decode(np.zeros((3, 5))), r"codes has the shape \(3, 5\); \(n, 2\) is right"),
        (lambda m, x: m.sample(0), "count is 1 or more"),
        (lambda m, x: m.sample(3, label=1), "no input of sample 'label'"),
        (lambda m, x: m.call("encode", image=x), "no input of encode 'image'. Did you mean 'images'"),
        (lambda m, x: m.call("encode"), "encode takes images; images not given"),
        (lambda m, x: m.call("log_likelihood", images=x, seed=np.arange(3)), "different numbers of rows"),
        (lambda m, x: m.call("log_likelihood", images=x, seed=0.5), "seed holds whole numbers"),
    ],
)
def test_a_wrong_input_is_refused_in_the_same_words_everywhere(place, digits, call, message):
    with pytest.raises(UserError, match=message):
        call(place, digits[0])


def test_a_missing_verb_names_those_that_are_there(place, digits):
    with pytest.raises(MissingVerb, match=r"vae has no 'discriminate'\. It has: .*encode"):
        place.discriminate(digits[0])
    with pytest.raises(AttributeError):
        place.call("nothing")


def test_one_value_stands_for_every_row(place, digits):
    x = digits[0][:3]
    same = place.call("log_likelihood", images=x, seed=4)["log_likelihood"]
    np.testing.assert_allclose(
        same, place.call("log_likelihood", images=x, seed=[4, 4, 4])["log_likelihood"], rtol=1e-5
    )
    assert not np.allclose(same, place.log_likelihood(x, seed=4), rtol=1e-7)  # seeds 4, 5 and 6


def test_explanations_take_one_example_as_it_is(place, digits):
    picture = (digits[0][0, :, :, 0] * 255).astype(np.uint8)
    found = place.explain(picture, samples=65)
    assert (found.target, found.kind, found.baseline) == ("anomaly:score", "image", "mean")
    assert found.f_x == pytest.approx(place.anomaly(picture[None])[0], rel=1e-4)
    named = place.explain(digits[0][0], target="reconstruct:error", samples=65, baseline=0.0)
    assert named.target == "reconstruct:error"


def test_what_a_notebook_shows(place):
    text = repr(place)
    assert "vae" in text.splitlines()[0]
    assert "sample(seed) -> images" in text
    page = place._repr_html_()
    assert "src='data:image/png;base64," in page
    assert "sample(seed) -&gt; images" in page
    picture = place.show(4)
    assert picture._repr_png_()[1:4] == b"PNG"


def test_load_finds_a_run_a_model_and_a_version(run, models, tmp_path, monkeypatch):
    assert type(zoo.load(run.folder)) is type(run)
    assert zoo.load(models / "vae").version == 2
    monkeypatch.chdir(models / "vae")
    assert zoo.load("1").version == 1
    assert zoo.load("1").name == "vae"
    with pytest.raises(UserError, match=r"neither a run nor an exported model.*It holds models: give one.*vae"):
        zoo.load(models)
    with pytest.raises(UserError, match="There is no folder"):
        zoo.load(models / "none")
    with pytest.raises(UserError, match="neither a run nor"):
        zoo.load(tmp_path)


def test_a_run_has_its_networks_log_and_config(run, tmp_path):
    assert set(run.networks) == {"encoder", "decoder"}
    assert len(run.log["vae/loss"]) == 1
    assert run.config.parameters == {"hidden": (8,), "latent": 2}
    kept = run.save(tmp_path / "kept")
    np.testing.assert_array_equal(zoo.load(kept).sample(2), run.sample(2))
    with pytest.raises(UserError, match="exists"):
        run.save(kept)


def test_connect_names_what_is_wrong(address):
    from serving import Client, NotFound, Unavailable

    with pytest.raises(NotFound):
        zoo.connect(address, "none")
    with pytest.raises(Unavailable):
        zoo.connect("127.0.0.1:1", "vae", timeout=0.5, retries=0)
    with Client(address) as client:
        with zoo.connect(client, "vae", version=2) as model:
            assert model.version == 2
        assert client.status("vae")  # it stays open
