"""Searching latent spaces, and the commands complete and augment."""

import csv

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from zoo import cli, data
from zoo.applications import inversion as search
from zoo.core.config import RunConfig, TrainConfig
from zoo.export import savedmodel as export
from zoo.training import run

SHAPE = (6, 5, 1)


@pytest.fixture(scope="module")
def generate():
    """A generator that can be undone: 30 pixels of 3 latents."""
    keras.utils.set_random_seed(0)
    W = tf.constant(np.random.default_rng(0).normal(size=(3, 30)), tf.float32)
    return lambda z: tf.sigmoid(tf.reshape(z @ W, (-1, *SHAPE)))


@pytest.mark.parametrize("hide", ["none", "left", "center"])
def test_the_search_finds_what_drew_the_image_also_where_it_is_hidden(generate, hide):
    z = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    images = generate(tf.constant(z)).numpy()
    known = search.hidden(hide, SHAPE)
    found = search.search(generate, images * known, known, 3, steps=300)
    np.testing.assert_allclose(found.latents, z, atol=0.1)
    np.testing.assert_allclose(found.images, images, atol=0.03)
    assert found.error.max() < 0.01


def test_what_cannot_be_drawn_is_left_over(generate):
    """The anomaly score."""
    random = np.random.default_rng(2)
    drawn = generate(tf.constant(random.normal(size=(4, 3)), tf.float32)).numpy()
    other = random.uniform(size=(4, *SHAPE)).astype(np.float32)
    known = search.hidden("none", SHAPE)
    left = search.search(generate, np.concatenate([drawn, other]), known, 3, steps=200).error
    assert left[:4].max() < left[4:].min()


def test_a_search_depends_on_its_seed_alone(generate):
    images, known = np.full((2, *SHAPE), 0.5, np.float32), search.hidden("none", SHAPE)
    a, b, c = (search.search(generate, images, known, 3, seed=s, starts=1, steps=2).latents for s in (0, 0, 1))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_what_is_hidden_is_as_large_as_said():
    shares = {name: 1 - search.hidden(name, (8, 8, 1)).mean() for name in search.HIDDEN}
    assert shares == {"center": 0.25, "left": 0.5, "right": 0.5, "top": 0.5, "bottom": 0.5, "none": 0}
    assert np.all(search.hidden("left", (8, 8, 1))[:, :4] == 0)
    assert np.all(search.hidden("bottom", (8, 8, 1))[4:] == 0)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A GAN, and one that is told the class: hardly trained, exported."""
    home = tmp_path_factory.mktemp("uses")
    for name in ("gan", "cgan"):
        parameters = {"networks": "mlp", "latent": 8}
        training = TrainConfig(epochs=1, jit="off")
        run.train(RunConfig(name, "digits", parameters=parameters, training=training), home / "runs" / name)
        export.export(home / "runs" / name, home / "models")
    return home / "models"


def complete(models, out, *flags):
    line = ["complete", "gan", "--data", "digits", "--models", str(models), "--count", "3", "--steps", "5"]
    return cli.main([*line, *flags, "--out", str(out)])


def test_complete_keeps_what_is_known(models, tmp_path, capsys):
    assert complete(models, tmp_path / "c.png", "--hide", "left") == 0
    assert "over what was hidden" in capsys.readouterr().out
    with Image.open(tmp_path / "c.png") as picture:
        factor = picture.width // (3 * 9 + 1)
        sheet = np.asarray(picture)[::factor, ::factor][1:, 1:]
    original, hidden, completed = sheet.reshape(3, 9, 3, 9).swapaxes(1, 2)[:, :, :8, :8]
    real = data.load("digits").test.arrays(3)["image"][..., 0]
    assert np.array_equal(original, np.round((real + 1) * 127.5))
    assert np.all(hidden[:, :, :4] == 0)
    assert np.array_equal(hidden[:, :, 4:], original[:, :, 4:])
    assert np.array_equal(completed[:, :, 4:], original[:, :, 4:])
    assert np.any(completed[:, :, :4] != original[:, :, :4])


def test_complete_scores_examples(models, tmp_path):
    assert complete(models, tmp_path / "c.csv", "--hide", "none") == 0
    with open(tmp_path / "c.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["example"] for row in rows] == ["0", "1", "2"]
    assert all(float(row["score"]) > 0 for row in rows)


def test_augment_draws_as_many_of_each_class(models, tmp_path, capsys):
    out = tmp_path / "a.npz"
    line = ["augment", "cgan", "--count", "3", "--data", "digits", "--models", str(models), "--out", str(out)]
    assert cli.main(line) == 0
    assert "samples: 0." in capsys.readouterr().out
    drawn = data.load(str(out))
    labels = np.concatenate([part.arrays()["label"] for part in (drawn.train, drawn.test)])
    assert np.array_equal(np.bincount(labels), np.full(10, 3))
    assert drawn.spec.shape == (8, 8, 1)


REFUSED = {
    "complete cgan": "does not generate from latents alone",
    "complete none": "There is no model 'none'",
    "complete gan --out c.gif": "--out ends in .png or .csv",
    "complete gan --steps 0": "--steps must be above 0; received 0",
    "augment gan": "gan is not conditioned on a class",
    "augment cgan --count 0": "--count must be above 0; received 0",
    "augment cgan --out a.png": "--out ends in .npz",
    "augment cgan --data mnist-5k": "The samples have shape",
}


@pytest.mark.parametrize("line", REFUSED)
def test_mistakes_are_explained(line, models, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = [] if "--data" in line else ["--data", "digits"]
    assert cli.main([*line.split(), *given, "--models", str(models)]) == 2
    assert REFUSED[line] in capsys.readouterr().err
