"""The evaluators of the package are what they say, take any image, and can be made again."""

import json
import re

import keras
import numpy as np
import pytest

from zoo import cli, data
from zoo.core.errors import UserError
from zoo.data.sources.builtin import FASHION_MNIST
from zoo.evaluation import evaluators
from zoo.evaluation.evaluators.training import train
from zoo.evaluation.metrics.frechet import FeatureMoments, frechet_distance

NAMES = ["digits", "faces", "fashion-mnist", "mnist-5k", "moving-digits", "shapes"]
PRESENT = [n for n in NAMES if n != "fashion-mnist" or FASHION_MNIST.is_dir()]


def pair(name, count):
    """The first examples of a set's test split, and their labels."""
    loaded = data.load(name)
    arrays = loaded.test.arrays(count)
    return arrays[loaded.spec.target], arrays["label"]


@pytest.fixture(scope="module")
def mnist():
    return evaluators.load("mnist-5k"), pair("mnist-5k", 200)


def test_every_built_in_set_of_images_with_classes_has_one():
    assert evaluators.names() == NAMES
    assert set(data.names()) - {"photos"} <= {*NAMES, "mnist"}, "photos have no labels"
    assert evaluators.load("mnist") is evaluators.load("mnist-5k")


@pytest.mark.parametrize("name", NAMES)
def test_its_file_is_small_and_says_how_to_make_it(name):
    path = evaluators.WEIGHTS / f"{name}.npz"
    assert path.stat().st_size < 1_000_000
    record = evaluators.load(name).record
    assert re.fullmatch(
        rf"zoo evaluator train {name} --out=zoo/evaluators/weights/{name}\.npz( --epochs=\d+)?",
        record.command,
    )
    assert {"tensorflow", "keras"} <= set(record.versions)
    assert evaluators.load(name).classes == len(record.class_names) > 1


@pytest.mark.parametrize("name", PRESENT)
def test_its_accuracy_and_floor_are_what_it_says(name):
    e, (x, labels) = evaluators.load(name), pair(name, 2000)
    right = (e.labels(x).reshape(len(x), -1) == labels[:, None]).mean()
    assert e.accuracy.low - 0.02 <= right <= e.accuracy.high + 0.02
    assert e.accuracy.value > 0.89
    features, half = e.features(x), len(x) // 2
    order = np.random.default_rng(7).permutation(len(x))
    parts = order[:half], order[half : 2 * half]
    distance = frechet_distance(*(FeatureMoments().add(features[p].reshape(-1, 64)) for p in parts))
    scale = e.floor.n / half  # fewer than it was measured on lie further apart, by 1/n
    assert 0.5 * e.floor.low * scale < distance < 2 * e.floor.high * scale


@pytest.mark.parametrize("name", PRESENT)
def test_features_have_a_variance_of_one_on_the_mean(name):
    split, target = data.load(name).train, data.load(name).spec.target
    x = next(iter(split.batches(min(1000, split.count), seed=0, steps=1)))[target].numpy()
    features = evaluators.load(name).features(x)
    assert features.shape == (*x.shape[:-3], 64)
    assert features.min() >= 0
    assert features.reshape(-1, 64).var(axis=0).mean() == pytest.approx(1, rel=0.15)


def test_rows_are_judged_alone(mnist):
    """Whatever stands beside it, and in however many: more rows than a chunk, one row, another order."""
    e, (x, _) = mnist
    many = np.concatenate([x, x[::-1]])
    features = e.features(many)
    np.testing.assert_allclose(features[:200], features[200:][::-1], atol=1e-4)
    np.testing.assert_allclose(features[:1], e.features(x[:1]), atol=1e-4)


def test_probabilities_are_those_of_the_logits(mnist):
    e, (x, _) = mnist
    logits, p = e.logits(x), e.probabilities(x)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.log(p[:, 1:] / p[:, :1]), logits[:, 1:] - logits[:, :1], atol=1e-2)
    assert np.array_equal(e.labels(x), p.argmax(axis=1))


def test_images_of_any_size_and_colour_fit(mnist):
    e, (x, labels) = mnist
    np.testing.assert_allclose(e.features(np.repeat(x, 3, axis=-1)), e.features(x), atol=1e-3)
    large = x.repeat(2, axis=1).repeat(2, axis=2)
    assert (e.labels(large) == labels).mean() > 0.95
    tinted = large * np.float32([1, 0.5, 0.8])
    assert (e.labels(tinted) == labels).mean() > 0.9


def test_frames_keep_their_place(mnist):
    e, (x, _) = mnist
    videos = x[:12].reshape(3, 4, 28, 28, 1)
    assert e.features(videos).shape == (3, 4, 64)
    np.testing.assert_allclose(e.features(videos)[1, 2], e.features(x[6:7])[0], atol=1e-4)


def test_what_is_no_image_is_refused(mnist):
    for shape in [(28, 28, 1), (4, 28, 28, 2), (0, 28, 28, 1)]:
        with pytest.raises(UserError, match="images"):
            mnist[0].features(np.zeros(shape, np.float32))


@pytest.fixture(scope="module")
def little(tmp_path_factory):
    """An evaluator of digits from the command line, in an epoch, and what it printed."""
    path = tmp_path_factory.mktemp("evaluator") / "little.npz"
    assert cli.main(["evaluator", "train", "digits", "--epochs", "1", "--seed", "3", "--out", str(path)]) == 0
    return path


def test_training_again_gives_the_same_one_and_another_seed_another(little):
    made, digits = evaluators.load(str(little)), data.load("digits")
    again = train(digits, command="again", epochs=1, seed=3)
    assert again.hash == made.hash
    assert again.record.accuracy == made.record.accuracy
    assert again.record.floor == made.record.floor
    assert train(digits, command="other", epochs=1, seed=4).hash != made.hash


def test_a_file_is_read_as_it_was_written(little, tmp_path):
    made = evaluators.load(str(little))
    copy = tmp_path / "deep" / "copy.npz"
    evaluators.write(copy, made)
    again = evaluators.load(str(copy))
    assert again.record == made.record
    assert again.hash == made.hash
    assert [p.name for p in copy.parent.iterdir()] == ["copy.npz"]
    x = pair("digits", 5)[0]
    assert np.array_equal(again.features(x), made.features(x))


def test_changed_weights_are_found(little, tmp_path):
    with np.load(little) as archive:
        arrays = dict(archive)
    arrays["w00"] = arrays["w00"] + np.float16(0.01)
    np.savez(tmp_path / "changed.npz", **arrays)
    with pytest.raises(UserError, match=r"were changed.*Train it again: zoo evaluator train digits"):
        evaluators.load(str(tmp_path / "changed.npz"))


@pytest.mark.parametrize("content", [b"", b"PK nothing", None])
def test_other_files_are_refused(content, tmp_path):
    path = tmp_path / "other.npz"
    if content is None:
        np.savez(path, x=np.zeros(3), about=np.array(json.dumps({"hash": "x"})))
    else:
        path.write_bytes(content)
    with pytest.raises(UserError, match="is not an evaluator"):
        evaluators.load(str(path))


def test_unknown_names_are_answered():
    with pytest.raises(UserError, match="Did you mean 'mnist-5k'"):
        evaluators.load("mnist5k")
    with pytest.raises(UserError, match=r"There is no evaluator missing/one\.npz\. `zoo evaluator train DATA"):
        evaluators.load("missing/one.npz")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train", "DATA is missing"),
        ("teach digits", "There is no action of `zoo evaluator` 'teach'"),
        ("train digits --epochs 0", "--epochs must be above 0"),
        ("train digits --out x.txt", "--out ends in .npz"),
        ("train photos", "photos has examples of shape (64, 64, 3) and 0 classes"),
        ("show nothing", "There is no evaluator 'nothing'"),
    ],
)
def test_mistakes_are_told(line, message, capsys):
    assert cli.main(["evaluator", *line.split()]) == 2
    assert message.lower() in capsys.readouterr().err.lower()


def test_show_tells_what_is_known(capsys):
    assert cli.main(["evaluator", "show"]) == 0
    shown = capsys.readouterr().out
    for name in NAMES:
        e = evaluators.load(name)
        assert re.search(rf"^{name}: .*hash {e.hash[:12]}$", shown, re.M)
        assert e.record.command in shown


# Inception, without its weights: no network is needed.


def test_inception_answers_by_the_same_interface(monkeypatch):
    network = keras.applications.InceptionV3
    monkeypatch.setattr(keras.applications, "InceptionV3", lambda weights, **rest: network(weights=None, **rest))
    e = evaluators.load("inception")
    x = np.random.default_rng(0).uniform(-1, 1, (2, 20, 24, 1)).astype(np.float32)
    assert e.features(x).shape == (2, 2048)
    assert e.probabilities(x).shape == (2, 1000)
    np.testing.assert_allclose(e.probabilities(x).sum(axis=1), 1, rtol=1e-4)
    assert e.accuracy.n == 0
    assert len(e.hash) == 64


def test_data_without_an_evaluator_is_told_so_and_what_to_do(monkeypatch, capsys):
    def offline(**_):
        raise Exception("URL fetch failure")  # as keras does

    monkeypatch.setattr(keras.applications, "InceptionV3", offline)
    assert evaluators.for_data("digits") is evaluators.load("digits")
    assert capsys.readouterr().err == ""
    with pytest.raises(UserError, match=r"could not be fetched .URL fetch failure.*zoo evaluator train DATA"):
        evaluators.for_data("mine.npz")
    assert "mine.npz has no evaluator" in capsys.readouterr().err
