"""How every registered model must train. A new variant gets all of this by existing.

Tracing a step takes longer than anything else here, so most tests of a model share one run on one replica: `run`.
"""

import dataclasses
import math
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
from harness import BATCH, EVERY, feed, make, slow, spec_for, weights
from ordering import accesses, graphs

from zoo.core.model import GenerativeModel
from zoo.core.random import Seed
from zoo.gans.pool import ImagePool
from zoo.training import strategy
from zoo.training.trainer import Trainer


class State(NamedTuple):
    """All that a step changes."""

    weights: np.ndarray
    averages: np.ndarray
    optimizers: np.ndarray

    @classmethod
    def of(cls, trainer):
        averages = [a.numpy().ravel() for a in trainer.averages]
        optimizers = [v.numpy().ravel() for o in trainer.optimizers.values() for v in o.variables]
        return cls(weights(trainer.model), np.concatenate([[], *averages]), np.concatenate(optimizers))

    def equals(self, other):
        return all(np.array_equal(a, b) for a, b in zip(self, other, strict=True))


class Run(NamedTuple):
    """A trainer, its state after some of its steps, its checkpoints of two of them, and the graphs that ran."""

    trainer: Trainer
    states: dict[int, State]
    checkpoints: dict[int, str]
    graphs: list


def ran(name, placed, digits, folder, **options):
    """A run of six steps."""
    _, trainer = make(name, placed, digits.spec, **options)
    # Adam's first steps are a gradient's sign: where that is nearly zero, the last bit would decide.
    for optimizer in trainer.optimizers.values():
        optimizer.epsilon = tf.Variable(1e-4) if placed.num_replicas_in_sync == 1 else 1e-4
    states, checkpoints, stream, done = {0: State.of(trainer)}, {}, feed(placed, digits), 0
    with graphs() as found:
        for stop in (0, 3, 4, 6):
            list(trainer.run(stream, stop - done))
            states[stop], done = State.of(trainer), stop
            if stop in (0, 3):
                checkpoints[stop] = trainer.checkpoint().save(str(folder / f"step-{stop}"))
    return Run(trainer, states, checkpoints, found)


@pytest.fixture(scope="module")
def run(name, digits, tmp_path_factory):
    return ran(name, strategy.get("one"), digits, tmp_path_factory.mktemp("run"), ema=0.9)


@contextmanager
def eagerly():
    """Within, steps run without being traced: for one step of a large model that is faster."""
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@EVERY
@pytest.mark.parametrize("shape", [(28, 28, 1), slow((32, 32, 3)), slow((25, 25, 1))])
def test_trains_on_any_shape(name, shape, digits):
    spec, whole = spec_for(digits, shape), shape == (28, 28, 1)
    model, trainer = make(name, strategy.get("one"), spec, whole=whole, batch_size=2)
    before = weights(model)
    x = tf.random.stateless_uniform((2, *spec.shape), (0, 1), -1, 1)
    images = {target: tf.reverse(x, [0]) if i else x for i, target in enumerate(spec.targets)}
    batch = {**images, "label": tf.zeros(2, tf.int64)}
    with eagerly() if spec.kind == "image" else nullcontext():  # 3D convolutions have no eager gradient here
        terms = list(trainer.run(iter([batch] * trainer.batches_per_step), 1))
        assert all(np.isfinite(v) for v in terms[0].values())
        assert np.any(weights(model) != before)
        preview = model.preview(batch, Seed.of(tf.range(4)))
    assert preview.shape[1:] == spec.shape
    assert np.abs(preview).max() <= 1


@EVERY
@pytest.mark.parametrize("options", [{}, slow({"clip_norm": 1.0})], ids=["averaged", "averaged and clipped"])
def test_one_replica_equals_two(name, options, digits, run, two_replicas, tmp_path):
    """Fact 1 (one division, in the engine), and noise that follows the row: weights equal to 1e-5 after four steps.

    In the graphs that run no read or write of a variable is left to chance."""
    one = ran(name, strategy.get("one"), digits, tmp_path, ema=0.9, **options) if options else run
    two = ran(name, two_replicas, digits, tmp_path, ema=0.9, **options)
    for each in (one, two):
        found = [access for graph in each.graphs for access in accesses(graph)]
        assert found
        assert not [access for access in found if not access.ordered]
        assert np.abs(each.states[4].weights - each.states[0].weights).max() > 1e-4
    # A pool holds generated images: those of weights 3e-6 apart were 2e-4 apart (cyclegan, clipped).
    images = _remembered(two.trainer.model)
    ours, theirs = one.states[4].weights, two.states[4].weights
    np.testing.assert_allclose(ours[~images], theirs[~images], rtol=0, atol=1e-5)
    np.testing.assert_allclose(ours[images], theirs[images], rtol=0, atol=1e-3 if options else 1e-5)
    np.testing.assert_allclose(one.states[4].averages, two.states[4].averages, rtol=0, atol=1e-5)


def _remembered(model):
    """Which of a state's weights are images in a pool: bool (N,)."""
    sizes = [(isinstance(n, ImagePool), math.prod(v.shape)) for n in model.networks for v in n.variables]
    return np.concatenate([np.full(size, pool) for pool, size in sizes])


@EVERY
def test_each_player_lowers_its_own_loss(name, digits, run):
    """On one batch, while the others stand still."""
    batch = next(iter(digits.train.batches(BATCH, seed=0)))
    for player in run.trainer.model.players:
        always = player.active == (0.0, 1.0) and not player.warmup
        losses = (_in_its_run if always else _in_its_own)(run, player, batch)
        assert np.mean(losses[-5:]) < np.mean(losses[:5]), player.name


def _in_its_run(run, player, batch):
    """The player's losses in the traced step, in which the others' learning rates are zero."""
    trainer = run.trainer
    trainer.checkpoint().restore(run.checkpoints[0]).assert_consumed()
    for name, optimizer in trainer.optimizers.items():
        if name != player.name:
            optimizer.learning_rate = 0.0
    epsilon, steps = trainer.optimizers[player.name].epsilon, 60 // trainer.updates[player.name]
    epsilon.assign(keras.optimizers.Adam().epsilon)
    terms = list(trainer.run(iter([batch] * steps * trainer.batches_per_step), steps))
    epsilon.assign(1e-4)
    return [t[f"{player.name}/loss"] for t in terms]


def _in_its_own(run, player, batch):
    """The losses of a player that is updated in a part of the run only, or whose loss depends on the progress."""
    trainer = run.trainer
    trainer.checkpoint().restore(run.checkpoints[0]).assert_consumed()
    config = dataclasses.replace(trainer.config, ema=None)
    alone = Trainer(Alone(trainer.model, player), config, trainer.strategy, total_steps=100)
    return [t[f"{player.name}/loss"] for t in alone.run(iter([batch] * 60), 60)]


class Alone(GenerativeModel):
    """A model of which one player is updated, and no other."""

    def __init__(self, model, player):
        self.spec = model.spec
        self.players = [dataclasses.replace(player, updates=1, active=(0.0, 1.0), warmup={})]

    averaged = signatures = preview = ()


@EVERY
@pytest.mark.slow
def test_xla_computes_the_same(name, digits):
    """Fact 11: compiled or not is a matter of speed."""
    finals = []
    for jit in ("on", "off"):
        model, trainer = make(name, strategy.get("one"), digits.spec, jit=jit)
        list(trainer.run(feed(strategy.get("one"), digits), 2))
        finals.append(weights(model))
    np.testing.assert_allclose(finals[0], finals[1], rtol=1e-6, atol=2e-3)
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


def _goes_on(trainer, run, digits):
    """From the first checkpoint, and from one in the middle after other steps, a trainer takes the run's own steps."""
    trainer.checkpoint().restore(run.checkpoints[0]).assert_consumed()
    assert State.of(trainer).equals(run.states[0])
    stream = feed(strategy.get("one"), digits)
    list(trainer.run(stream, 3))
    assert State.of(trainer).equals(run.states[3])
    list(trainer.run(stream, 1))
    trainer.checkpoint().restore(run.checkpoints[3]).assert_consumed()
    assert State.of(trainer).equals(run.states[3])
    skipped = digits.train.batches(BATCH, seed=0, first_step=3 * trainer.batches_per_step)
    list(trainer.run(iter(skipped), 3))
    assert int(trainer.step.numpy()) == 6
    assert State.of(trainer).equals(run.states[6])
    assert not run.states[6].equals(run.states[3])


@EVERY
def test_the_seed_decides_and_a_checkpoint_holds_all_that_continues(name, digits, run):
    """Fact 8: every player's optimizer comes back, so that a second run of the same seed equals the first, and equals
    it when it goes on from a checkpoint of the first. Another process's trainer takes the checkpoint as well."""
    _goes_on(run.trainer, run, digits)
    _, fresh = make(name, strategy.get("one"), digits.spec, ema=0.9)
    assert State.of(fresh).equals(run.states[0])
    fresh.checkpoint().restore(run.checkpoints[3]).assert_consumed()
    assert State.of(fresh).equals(run.states[3])
    assert int(fresh.step.numpy()) == 3


@EVERY
@pytest.mark.slow
def test_a_step_that_is_traced_again_is_the_same(name, digits, run):
    _, fresh = make(name, strategy.get("one"), digits.spec, ema=0.9)
    for optimizer in fresh.optimizers.values():
        optimizer.epsilon = 1e-4
    _goes_on(fresh, run, digits)
