"""What every registered model must do. A new variant gets all of this by existing."""

import dataclasses
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from ordering import accesses, graphs
from smaller import smaller

from zoo import data
from zoo.core import registry
from zoo.core.model import Batch, GenerativeModel, Spec
from zoo.core.random import Seed
from zoo.training import strategy
from zoo.training.trainer import Trainer

BATCH = 32
EVERY = pytest.mark.parametrize("name", list(registry.recipes()))


def slow(value):
    """A parameter that only the long tests take."""
    return pytest.param(value, marks=pytest.mark.slow)


load = functools.cache(data.load)


@pytest.fixture
def digits(name, small_data):
    """Of the kind that the recipe is for."""
    made, size = small_data(registry.get(name).data)
    return load(made, size=size)


def spec_for(digits, shape):
    """Images of this shape, with whatever these digits have besides: frames, a second domain."""
    return Spec((*digits.spec.shape[:-3], *shape), 10, shape if digits.spec.other else None)


def make(name, placed, spec, *, whole=False, **options):
    """A model with its trainer: the same weights each time. `whole` takes the recipe's own sizes."""
    options = {"batch_size": BATCH, "jit": "off", **options}
    parameters = {} if whole else smaller(registry.get(name))
    with placed.scope():
        keras.utils.set_random_seed(1)
        model = registry.get(name)(spec, **parameters)
        return model, Trainer(model, registry.get(name).config(**options), placed, total_steps=100)


def feed(placed, digits, batches_per_step=1, seed=0):
    return strategy.iterate(placed, lambda w, n: digits.train.batches(BATCH, seed=seed, share=(w, n)))


def weights(model):
    return np.concatenate([v.numpy().ravel() for n in model.networks for v in n.variables])


@EVERY
@pytest.mark.parametrize("shape", [(28, 28, 1), slow((32, 32, 3)), slow((25, 25, 1))])
def test_trains_on_any_shape(name, shape, digits):
    spec = spec_for(digits, shape)
    model, trainer = make(name, strategy.get("one"), spec, whole=shape == (28, 28, 1), batch_size=2)
    before = weights(model)
    x = tf.random.stateless_uniform((2, *spec.shape), (0, 1), -1, 1)
    batch = Batch(x, tf.zeros(2, tf.int64), tf.reverse(x, [0]) if spec.other else ())
    terms = list(trainer.run(iter([batch] * trainer.batches_per_step), 1))
    assert all(np.isfinite(v) for v in terms[0].values())
    assert np.any(weights(model) != before)
    pictures = model.pictures(batch, Seed.of(tf.range(4)))
    assert pictures.shape[1:] == spec.shape
    assert np.abs(pictures).max() <= 1


@EVERY
@pytest.mark.parametrize("options", [{}, slow({"ema": 0.9, "clip_norm": 1.0})], ids=["plain", "averaged and clipped"])
def test_one_replica_equals_two(name, options, digits, two_replicas):
    """Fact 1 (one division, in the engine), and noise that follows the row: weights equal to 1e-5 after four steps.

    In the graphs that run no read or write of a variable is left to chance."""
    finals = []
    for placed in (strategy.get("one"), two_replicas):
        model, trainer = make(name, placed, digits.spec, **options)
        # Adam's first steps are a gradient's sign: where that is nearly zero, the last bit would decide.
        for optimizer in trainer.optimizers.values():
            optimizer.epsilon = 1e-4
        start = weights(model)
        with graphs() as ran:
            list(trainer.run(feed(placed, digits), 4))
        found = [access for graph in ran for access in accesses(graph)]
        assert found
        assert not [access for access in found if not access.ordered]
        assert np.abs(weights(model) - start).max() > 1e-4
        finals.append(np.concatenate([weights(model), *(a.numpy().ravel() for a in trainer.averages)]))
    assert finals[0] == pytest.approx(finals[1], rel=0, abs=1e-5)


@EVERY
def test_each_player_lowers_its_own_loss(name, digits):
    model, _ = make(name, strategy.get("one"), digits.spec)
    for player in model.players:
        alone = Alone(model, player.name)
        trainer = Trainer(alone, registry.get(name).config(jit="off"), strategy.get("one"), total_steps=100)
        batch = next(iter(digits.train.batches(BATCH, seed=0)))
        losses = [t[f"{player.name}/loss"] for t in trainer.run(iter([batch] * 100), 60 // player.steps)]
        assert np.mean(losses[-5:]) < np.mean(losses[:5]), player.name


class Alone(GenerativeModel):
    """A model of which one player moves, and the others stand still."""

    def __init__(self, model, player):
        self.spec = model.spec
        self.players = [
            dataclasses.replace(p, steps=1, during=(0.0, 1.0), warmup={}) for p in model.players if p.name == player
        ]

    averaged = signatures = pictures = ()


@EVERY
@pytest.mark.slow
def test_xla_computes_the_same(name, digits):
    """Fact 11: compiled or not is a matter of speed."""
    finals = []
    for jit in ("on", "off"):
        model, trainer = make(name, strategy.get("one"), digits.spec, jit=jit)
        list(trainer.run(feed(strategy.get("one"), digits), 2))
        finals.append(weights(model))
    assert finals[0] == pytest.approx(finals[1], abs=2e-3)
    assert np.mean(np.abs(finals[0] - finals[1])) < 1e-5


@EVERY
@pytest.mark.parametrize("precision", ["mixed_float16", slow("mixed_bfloat16")])
def test_trains_in_mixed_precision(name, precision, digits):
    """Fact 9: each player's optimizer scales its own loss."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        model, trainer = make(name, strategy.get("one"), digits.spec, precision=precision)
    finally:
        keras.config.set_dtype_policy(before)
    scaled = {isinstance(o, keras.optimizers.LossScaleOptimizer) for o in trainer.optimizers.values()}
    assert scaled == {precision == "mixed_float16"}
    start = weights(model)
    # Loss scaling skips the first steps, until it has found a scale at which nothing overflows.
    terms = list(trainer.run(feed(strategy.get("one"), digits), 12))
    assert np.all(np.isfinite(list(terms[-1].values())))
    assert all(v.dtype == "float32" for n in model.networks for v in n.variables)
    assert np.any(weights(model) != start)


@EVERY
def test_the_seed_decides_and_a_checkpoint_holds_all_that_continues(name, digits, tmp_path):
    """Fact 8: every player's optimizer comes back, so that a second run of the same seed equals the first, and equals
    it when it goes on from a checkpoint of the first."""
    model, trainer = make(name, strategy.get("one"), digits.spec, ema=0.9)
    stream = feed(strategy.get("one"), digits)
    list(trainer.run(stream, 3))
    halfway, saved = weights(model), trainer.checkpoint().save(str(tmp_path / "c"))
    list(trainer.run(stream, 3))
    again, other = make(name, strategy.get("one"), digits.spec, ema=0.9)
    repeated = feed(strategy.get("one"), digits)
    list(other.run(repeated, 3))
    assert np.array_equal(halfway, weights(again))
    list(other.run(repeated, 1))
    other.checkpoint().restore(saved).assert_consumed()
    assert np.array_equal(halfway, weights(again))
    skipped = digits.train.batches(BATCH, seed=0, first_step=3 * other.batches_per_step)
    list(other.run(iter(skipped), 3))
    assert int(other.progress.numpy()) == 6
    assert np.array_equal(weights(model), weights(again))
    assert all(np.array_equal(a, b) for a, b in zip(trainer.averages, other.averages, strict=True))
    assert not np.array_equal(halfway, weights(model))


@EVERY
def test_normalisation_is_over_all_replicas(name, digits):
    """Fact 10."""
    model, _ = make(name, strategy.get("one"), spec_for(digits, (28, 28, 1)))
    layers = [
        layer
        for n in model.networks
        for layer in n._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert all(layer.synchronized for layer in layers)
    dropouts = [x for n in model.networks for x in n._flatten_layers() if isinstance(x, keras.layers.Dropout)]
    assert not any(layer.rate for layer in dropouts)  # attention has one that drops nothing


@EVERY
def test_signatures_have_the_batch_in_front(name, digits):
    model, _ = make(name, strategy.get("one"), spec_for(digits, (28, 28, 1)))
    from zoo.export.savedmodel import example_inputs

    for key, signature in model.signatures().items():
        outputs = signature.function(*map(tf.constant, example_inputs(signature, 3).values()))
        assert outputs, key
        assert {o.shape[0] for o in outputs.values()} == {3}, key
        for value in (v for k, v in outputs.items() if k in ("images", "videos")):
            assert value.shape[1:] == model.spec.shape or any(None in i.shape[1:] for i in signature.inputs.values())
            assert 0 <= np.min(value) <= np.max(value) <= 1


def drawn(sample, seeds):
    """For these seeds, all of class 1 where the model asks for a class."""
    inputs = {"seed": tf.constant(list(seeds), tf.int64), "label": tf.ones(len(seeds), tf.int64)}
    return next(iter(sample.function(*(inputs[key] for key in sample.inputs)).values())).numpy()


@EVERY
def test_a_sample_has_an_address(name, digits):
    model, _ = make(name, strategy.get("one"), spec_for(digits, (28, 28, 1)))
    sample = model.signatures().get("sample")
    if sample is None:
        pytest.skip(f"{name} does not sample")
    together, alone = (drawn(sample, seeds) for seeds in (range(10), [7]))
    assert together[7] == pytest.approx(alone[0], abs=1e-6)
    assert np.abs(together[7] - together[8]).max() > 1e-3


@EVERY
def test_initial_weights_follow_from_the_seed_alone(name, digits):
    """An initializer settles its seed when it is made: one shared by layers or builds would repeat itself, or depend
    on what was imported first."""
    made = [make(name, strategy.get("one"), spec_for(digits, (28, 28, 1)))[0] for _ in range(2)]
    assert np.array_equal(weights(made[0]), weights(made[1]))
    layers = {id(layer): layer for model in made for n in model.networks for layer in n._flatten_layers()}.values()
    random = [
        layer.kernel_initializer for layer in layers if hasattr(getattr(layer, "kernel_initializer", None), "seed")
    ]
    assert len({id(initializer) for initializer in random}) == len(random) > 0
