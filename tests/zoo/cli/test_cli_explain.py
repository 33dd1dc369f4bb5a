"""`zoo explain`: what an analyst types."""

import json
import re

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from explain import Explanation
from zoo import cli, data

SHAPE = (8, 8, 1)  # of the data set `digits`
PNG = b"\x89PNG"


class Digits(tf.Module):
    """Draws digits of one grey, and says of an image what its seed says."""

    def __init__(self, seed):
        super().__init__()
        self.w = tf.Variable(np.random.default_rng(seed).normal(size=SHAPE), dtype=tf.float32)

    @tf.function(input_signature=[tf.TensorSpec((None, *SHAPE), tf.float32, "images")])
    def discriminate(self, images):
        logits = tf.reduce_sum((images - 0.4) * self.w, axis=(1, 2, 3))
        return {"logits": logits, "class_logits": tf.stack([logits, images[:, 0, 0, 0]], axis=1)}

    @tf.function(input_signature=[tf.TensorSpec((None, *SHAPE), tf.float32, "images")])
    def in_training_mode(self, images):
        logits = self.discriminate(images)["logits"]
        return {"centred": logits - tf.reduce_mean(logits)}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int64, "seed")])
    def sample(self, seed):
        grey = (tf.cast(seed, tf.float32)[:, None, None, None] + 1) / 10
        return {"images": grey * tf.reshape(tf.linspace(0.2, 1.0, 64), (1, *SHAPE))}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for version in (1, 2):
        made = Digits(version)
        names = ("sample", "discriminate", "in_training_mode")
        tf.saved_model.save(made, str(folder / "gan" / str(version)), signatures={n: getattr(made, n) for n in names})
    return folder


@pytest.fixture
def run(models, tmp_path, monkeypatch, capsys):
    """Runs `zoo explain gan --models MODELS ...` in an empty folder; (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)

    def call(line, source=True):
        code = cli.main(["explain", "gan", *line.split(), *(["--models", str(models)] if source else [])])
        return code, *capsys.readouterr()

    return call


def test_one_sample_is_explained_with_verdict_and_cost(run, tmp_path):
    code, out, _ = run("--seed 3")
    assert code == 0
    assert "f(x) = " in out
    assert re.search(r"\d+ evaluations in [1-4] calls", out)
    assert "Trust it" in out
    assert (tmp_path / "explanation.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize("form", ["json", "npz"])
def test_the_saved_answer_is_the_same_tomorrow(run, tmp_path, form):
    for name in ("today", "tomorrow"):
        assert run(f"--seed 3 --out {name}.{form}")[0] == 0
    today, tomorrow = (Explanation.load(tmp_path / f"{name}.{form}") for name in ("today", "tomorrow"))
    assert today == tomorrow
    assert (today.model, today.version, today.target, today.baseline) == ("gan", 2, "discriminate:logits", "mean")


def test_flags_reach_the_explanation(run, tmp_path):
    code, _, _ = run(
        "--seed 1 --version 1 --target class_logits[0]-class_logits[1] --map grid:4x2 --engine lime --baseline 0.25 "
        "--samples 77 --random-seed 5 --quality --out e.json"
    )
    assert code == 0
    found = Explanation.load(tmp_path / "e.json")
    assert (found.version, found.target) == (1, "discriminate:class_logits[0]-class_logits[1]")
    assert (found.engine, found.baseline, found.samples, found.seed) == ("lime", "0.25", 77, 5)
    assert len(found.coefficients) == 8
    assert found.quality.sanity is not None


@pytest.mark.parametrize("chosen", ["grid", "grid:3", "slic:6", "felzenszwalb:1"])
def test_maps_by_name(run, tmp_path, chosen):
    code, _, errors = run(f"--data digits --map {chosen} --out e.json")
    assert code == 0, errors
    assert len(Explanation.load(tmp_path / "e.json").coefficients) > 1


@pytest.mark.parametrize("chosen", ["blur", "patches:digits", "training:digits"])
def test_baselines_by_name(run, tmp_path, chosen):
    assert run(f"--seed 2 --baseline {chosen} --out e.json")[0] == 0
    found = Explanation.load(tmp_path / "e.json")
    assert found.coefficients.any()
    if chosen == "training:digits":
        mean = (data.load("digits").train.arrays(256)["image"] / 2 + 0.5).mean(axis=0)
        assert found.f_baseline == pytest.approx(float(((mean - 0.4) * Digits(2).w.numpy()).sum()), abs=1e-3)


def test_pictures_and_arrays_of_ones_own(run, tmp_path):
    pixels = np.random.default_rng(0).integers(1, 255, (8, 8), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "x.png")
    np.save(tmp_path / "x.npy", pixels[..., None] / np.float32(255))
    answers = []
    for name in ("x.png", "x.npy"):
        assert run(f"{name} --out {name}.json")[0] == 0
        answers.append(Explanation.load(tmp_path / f"{name}.json"))
    assert answers[0] == answers[1]


def test_many_get_pages_an_index_a_progress_bar_and_their_mean(run, tmp_path):
    code, out, errors = run("--data digits --count 5 --aggregate --out why --map grid:4")
    assert code == 0
    assert "100%" in errors
    assert "of 5 can be trusted" in out
    index = (tmp_path / "why" / "index.html").read_text()
    linked = re.findall(r'<a href="([^"]+)"', index)
    assert linked == [f"{i:04}.html" for i in range(5)]
    for page in linked:
        assert "Strongest parts" in (tmp_path / "why" / page).read_text()
        assert json.loads((tmp_path / "why" / page.replace("html", "json")).read_text())["kind"] == "image"
    assert (tmp_path / "why" / "aggregate.png").read_bytes().startswith(PNG)


def test_two_versions_side_by_side_on_the_same_masks(run, tmp_path):
    code, out, _ = run("--seed 3 --compare 1 2")
    assert code == 0
    assert re.search(r"version 1\n.*version 2\n.*rank correlation of the two: -?\d", out, re.S)
    page = (tmp_path / "comparison.html").read_text()
    assert "gan version 1" in page
    assert "gan version 2" in page
    counts = re.findall(r"(\d+) evaluations", out)
    assert counts[0] == counts[1]
    assert page.count("<img") == 1, "one picture, so that one scale of colours holds for both"
    code, out, _ = run("--seed 3 --compare 2,2")
    assert "rank correlation of the two: 1.00" in out


@pytest.mark.parametrize(
    "line", ["x.npy --compare 1 2", "--compare 1 2 x.npy", "--compare 1,2 x.npy", "--compare=1,2 x.npy"]
)
def test_images_stand_before_or_after_two_versions(run, tmp_path, line):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random(SHAPE))
    code, out, errors = run(line)
    assert code == 0, errors
    assert re.search(r"version 1\n.*version 2\n", out, re.S)


def test_an_attack_beside_the_explanation(run, tmp_path):
    code, out, _ = run("--seed 3 --attack --out a.html")
    assert code == 0
    assert "moved discriminate:logits" in out
    assert "The smallest change of the decision" in (tmp_path / "a.html").read_text()


def test_a_model_in_training_mode_is_refused_with_the_flag_that_helps(run, tmp_path):
    code, _, errors = run("--seed 3 --target centred")
    assert code != 0
    assert "--reference DATA" in errors
    code, out, _ = run("--seed 3 --target centred --reference digits --samples 33 --out e.json")
    assert code == 0
    assert "together with the reference batch of 15 inputs" in out


MISTAKES = {
    "": "one of the three",
    "x.png --seed 3": "one of the three",
    "--seed 3 --data digits": "one of the three",
    "--seed 3 --count 0": "--count is 1 or more",
    "--seed 3 --compare 1": "two versions, as in --compare 1 2; received 1",
    "--compare 1 --seed 3": "received 1.",
    "--seed 3 --compare 1,2 3": "one of the three",
    "--seed 3 --compare a,b": "two versions",
    "--seed 3 --count 2 --compare 1,2": "--compare takes one input",
    "--seed 3 --compare 1,2 --out x.png": "A comparison is written as a page",
    "--seed 3 --attack --out x.png": "An attack is written as a page",
    "--seed 3 --count 2 --out x.png": "a folder: --out explanations",
    "--seed 3 --map octagons:4": "no map 'octagons:4'. Known: grid:7",
    "--seed 3 --map grid:x": "no map 'grid:x'",
    "--seed 3 --baseline purple": "no baseline 'purple'",
    "--seed 3 --target logit": "It offers: discriminate:class_logits, discriminate:logits",
    "--seed 3 --version 9": "no version 9",
    "--seed 3 --out x.gif": ".png, .json, .npz, .html",
    "nothing.npy": "cannot be read as an array",
    "--seed 3 --label 2": "takes no class",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_says_what_would_be_right_without_a_traceback(run, line, tmp_path):
    code, out, errors = run(line)
    assert code == 2
    assert MISTAKES[line] in errors
    assert "Traceback" not in errors + out
    assert not list(tmp_path.iterdir()), "no half-made file"


def test_an_attack_needs_the_models_folder(run):
    code, _, errors = run("--seed 3 --attack --server 127.0.0.1:1", source=False)
    assert code == 2
    assert "use --models instead of --server" in errors
