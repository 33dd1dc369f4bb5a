"""`zoo.train`: what it takes, and how it tells options of training from parameters of a recipe."""

import gc
import inspect
from dataclasses import fields

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo import data
from zoo.core import registry
from zoo.core.config import TrainConfig
from zoo.core.errors import UserError


def test_no_parameter_of_a_recipe_has_the_name_of_an_option():
    """But for `updates`, the discriminator's of a GAN: the option of training says the same by player."""
    taken = {field.name for field in fields(TrainConfig)} | set(inspect.signature(zoo.train).parameters)
    taken.remove("updates")
    for made in registry.recipes().values():
        assert not taken & made.parameters.keys(), made.name


def test_options_and_parameters_are_told_apart_by_name(digits, tmp_path, tiny):
    means = []
    options = {**tiny, "learning_rate": 0.01, "ema": 0.9, "beta": 2, "seed": 3}
    run = zoo.train("vae", digits[0], **options, out=tmp_path / "run", callbacks=[lambda *a: means.append(a)])
    assert run.config.training.learning_rate == 0.01
    assert (run.config.training.ema, run.config.training.seed, run.config.training.epochs) == (0.9, 3, 1)
    assert run.config.parameters == {"hidden": (8,), "latent": 2, "beta": 2}
    ((epoch, values),) = means
    assert epoch == 1
    assert values["vae/loss"] == pytest.approx(run.log["vae/loss"][0])
    assert run.folder == tmp_path / "run"
    before = run.sample(2)
    longer = zoo.train("vae", digits[0], **{**options, "epochs": 2}, out=tmp_path / "run")
    assert len(longer.log["epoch"]) == 2
    assert not np.allclose(longer.sample(2), before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latents": 3}, r"no parameter of vae or option 'latents'\. Did you mean 'latent'"),
        ({"learning_rates": 3}, r"Did you mean 'learning_rate'"),
        ({"latent": "3"}, r"latent of vae is of the type int; received '3'"),
        ({"latent": True}, "type int; received True"),
        ({"hidden": 16}, r"hidden of vae is of the type tuple\[int, \.\.\.\]; received 16"),
        ({"hidden": (16, 0.5)}, r"type tuple\[int, \.\.\.\]"),
        ({"epochs": 0}, "epochs must be above 0"),
        ({"callbacks": ["loss"]}, "A callback is a keras.callbacks.Callback or a function"),
        ({"recipe": "vea"}, "Did you mean 'vae'"),
        ({"recipe": 3}, "A recipe is a name"),
        ({"recipe": len}, "function under @recipe"),
        ({"data": "mnist-5", "labels": [1]}, "labels belong to arrays"),
        ({"data": data.load("digits"), "labels": [1]}, "has been read already"),
        ({"skip_broken": True}, "skip_broken is for files"),
        ({"kind": "table"}, "a table is"),
        ({"range": (1, 0)}, "LOW below HIGH"),
        ({"data": "array"}, "had in memory"),
        ({"data": "digitz"}, "Did you mean 'digits'"),
    ],
)
def test_what_it_refuses(digits, arguments, message, tmp_path):
    with pytest.raises(UserError, match=message):
        zoo.train(**{"recipe": "vae", "data": digits[0], "out": tmp_path / "run", **arguments})
    assert not (tmp_path / "run").exists()


def test_a_temporary_run_goes_with_its_object(digits, tiny):
    run = zoo.train("vae", digits[0][:200], **tiny)
    folder = run.folder
    assert (folder / "config.json").exists()
    del run
    gc.collect()
    assert not folder.exists()


def test_labels_by_name_condition_a_model(digits, tiny):
    x, numbers = digits
    names = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
    run = zoo.train("conditional_vae", x, labels=names[numbers], **tiny)
    classes = run.model.spec.features["label"].names
    assert classes == tuple(sorted(names))
    ones = run.sample(3, label="one")
    np.testing.assert_array_equal(ones, run.sample(3, label=classes.index("one")))
    np.testing.assert_allclose(run.sample(3, label=["two", "one", "nine"])[1], ones[1], atol=1e-6)
    assert not np.allclose(run.sample(3, label="two"), ones)
    assert run.encode(x[:5], label="one").shape == (5, 2)
    assert run.show(4)._repr_png_()
    with pytest.raises(UserError, match=r"no label given.*label='zero'.*Classes: eight, five"):
        run.sample(3)
    with pytest.raises(UserError, match=r"no class 'on'\. Did you mean 'one'"):
        run.sample(3, label="on")
    with pytest.raises(UserError, match="label is 0 to 9, or one of eight"):
        run.sample(3, label=10)
    assert run.explain(x[0], label="one", samples=65).target == "anomaly:score"


def test_a_dataset_is_the_array_that_it_holds(digits):
    x, labels = digits
    whole = data.of(x, labels=labels)
    for dataset in (
        tf.data.Dataset.from_tensor_slices((x, labels)),
        tf.data.Dataset.from_tensor_slices((x, labels)).batch(100),
    ):
        same = data.of(dataset)
        assert same.spec == whole.spec
        assert same.fingerprint == whole.fingerprint
    assert data.of(tf.data.Dataset.from_tensor_slices(x)).fingerprint == data.of(x).fingerprint


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda x: x.repeat(), "no end"),
        (lambda x: x.take(0), "empty"),
        (lambda x: x.map(lambda one: (one, one, one)), r"x, \(x, label\) or mappings"),
    ],
)
def test_a_dataset_that_is_none(digits, wrong, message):
    with pytest.raises(UserError, match=message):
        zoo.train("vae", wrong(tf.data.Dataset.from_tensor_slices(digits[0])))


def test_options_of_reading_are_told_apart_too(tmp_path, digits, tiny):
    deep = (digits[0] * 4095).round()
    run = zoo.train("vae", deep, **tiny, range=(0, 4095), size=4, out=tmp_path / "run")
    assert run.config.loading["range"] == (0, 4095)
    assert run.config.size == (4, 4)
    assert run.sample(2).shape == (2, 4, 4, 1)


def test_a_recipe_itself_is_taken(digits, monkeypatch):
    monkeypatch.setattr(registry, "_RECIPES", dict(registry.recipes()))
    vae = registry.get("vae")

    @registry.recipe(family="own", reference="mine")
    def tiny(spec, *, latent: int = 2):
        """A VAE with few units."""
        return vae(spec, hidden=(8,), latent=latent)

    run = zoo.train(tiny, digits[0], epochs=1, jit="off", latent=3)
    assert run.name == "tiny"
    assert run.encode(digits[0][:2]).shape == (2, 3)


# Callbacks.


def test_keras_callbacks_see_epochs_and_end_a_run(digits, tiny):
    seen = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(epoch),
        on_epoch_end=lambda epoch, logs: seen.append(sorted(logs)),
        on_train_end=lambda logs: seen.append("end"),
    )
    stop = keras.callbacks.EarlyStopping(monitor="vae/loss", mode="min", min_delta=1e9, patience=1)
    run = zoo.train("vae", digits[0][:300], **{**tiny, "epochs": 9}, callbacks=[watch, stop])
    terms = ["vae/gradient_norm", "vae/kl", "vae/loss", "vae/reconstruction"]
    assert seen == [0, terms, 1, terms, "end"]
    assert len(run.log["epoch"]) == 2


def test_keras_checkpoints_hold_the_networks(digits, tmp_path, tiny):
    keep = keras.callbacks.ModelCheckpoint(
        tmp_path / "best.weights.h5", monitor="vae/loss", mode="min", save_weights_only=True
    )
    zoo.train("vae", digits[0][:300], **tiny, callbacks=[keep])
    assert (tmp_path / "best.weights.h5").stat().st_size > 1000
