"""What every registered model must do. A new variant gets all of this by existing.

Tracing a step takes longer than anything else here, so most tests of a model share one run on one replica (`run`), and
one small model with what its signatures answer (`made`, `answers`).
"""

import dataclasses
import functools
from contextlib import contextmanager
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
from ordering import accesses, graphs
from smaller import smaller

from zoo import data
from zoo.core import features, registry
from zoo.core.conditions import example_values
from zoo.core.model import GenerativeModel, wire_name
from zoo.core.random import Seed
from zoo.training import strategy
from zoo.training.trainer import Trainer

BATCH = 32
EVERY = pytest.mark.parametrize("name", list(registry.recipes()), scope="module")


def slow(value):
    """A parameter that only the long tests take."""
    return pytest.param(value, marks=pytest.mark.slow)


load = functools.cache(data.load)


@pytest.fixture(scope="module")
def digits(name, small_data):
    """Of the kind that the recipe is for."""
    small, size = small_data(registry.get(name).data)
    return load(small, size=size)


def spec_for(digits, shape):
    """Images of this shape, with whatever these digits have besides: frames, a second domain; and ten classes."""
    frames, known = digits.spec.shape[:-3], dict(digits.spec.features)
    known |= {t: features.video(*frames, *shape) if frames else features.image(*shape) for t in digits.spec.targets}
    return dataclasses.replace(digits.spec, features={**known, "label": features.label(10)})


def build(name, spec, *, whole=False):
    """A model: the same weights each time. `whole` takes the recipe's own sizes."""
    keras.utils.set_random_seed(1)
    return registry.get(name)(spec, **({} if whole else smaller(registry.get(name))))


def make(name, placed, spec, *, whole=False, **options):
    """A model with its trainer."""
    config = registry.get(name).config(**{"batch_size": BATCH, "jit": "off", **options})
    with placed.scope():
        model = build(name, spec, whole=whole)
        return model, Trainer(model, config, placed, total_steps=100)


def feed(placed, digits):
    return strategy.iterate(placed, lambda w, n: digits.train.batches(BATCH, seed=0, share=(w, n)))


def weights(model):
    return np.concatenate([v.numpy().ravel() for n in model.networks for v in n.variables])


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
        optimizer.epsilon = 1e-4
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


@pytest.fixture(scope="module")
def made(name, digits):
    """A small model of images of 28 x 28 pixels."""
    return build(name, spec_for(digits, (28, 28, 1)))


# Training.


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
    with eagerly():
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
    assert one.states[4].weights == pytest.approx(two.states[4].weights, rel=0, abs=1e-5)
    assert one.states[4].averages == pytest.approx(two.states[4].averages, rel=0, abs=1e-5)


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
    steps = 60 // trainer.updates[player.name]
    return [t[f"{player.name}/loss"] for t in trainer.run(iter([batch] * steps * trainer.batches_per_step), steps)]


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


@EVERY
def test_normalisation_is_over_all_replicas(name, made):
    """Fact 10."""
    layers = [
        layer
        for n in made.networks
        for layer in n._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert all(layer.synchronized for layer in layers)
    dropouts = [x for n in made.networks for x in n._flatten_layers() if isinstance(x, keras.layers.Dropout)]
    assert not any(layer.rate for layer in dropouts)  # attention has one that drops nothing


@EVERY
def test_initial_weights_follow_from_the_seed_alone(name, digits, made):
    """An initializer settles its seed when it is made: one shared by layers or builds would repeat itself, or depend
    on what was imported first."""
    again = build(name, spec_for(digits, (28, 28, 1)))
    assert np.array_equal(weights(made), weights(again))
    layers = {id(layer): layer for m in (made, again) for n in m.networks for layer in n._flatten_layers()}.values()
    random = [
        layer.kernel_initializer for layer in layers if hasattr(getattr(layer, "kernel_initializer", None), "seed")
    ]
    assert len({id(initializer) for initializer in random}) == len(random) > 0


# Signatures.


def wire(named, values):
    """Values by name, each with its feature, as tensors of a request or a reply."""
    tensors = {}
    for name, feature in named.items():
        tensors |= feature.to_wire(wire_name(name, feature), values[name])
    return tensors


class Answer(NamedTuple):
    """What a signature takes and gives, as the model sees it; and the reply to the same request of a client."""

    inputs: dict
    outputs: dict
    request: dict
    reply: dict


@pytest.fixture(scope="module")
def answers(made):
    """For each signature, of three rows."""
    found = {}
    for key, signature in made.signatures().items():
        inputs = {name: example_values(feature, 3) for name, feature in signature.inputs.items()}
        request = wire(signature.inputs, inputs)
        found[key] = Answer(inputs, signature.function(**inputs), request, signature.serve(request))
    return found


@EVERY
def test_signatures_have_the_batch_in_front(name, made, answers):
    for key, signature in made.signatures().items():
        answer = answers[key]
        assert answer.reply, key
        for side, specs in ((answer.request, signature.wire_inputs), (answer.reply, signature.wire_outputs)):
            assert side.keys() == specs.keys(), key
            assert all(
                specs[k].shape.is_compatible_with(v.shape) and specs[k].dtype == v.dtype for k, v in side.items()
            )
            assert {v.shape[0] for v in side.values()} == {3}, key
        for value in (v for k, v in answer.reply.items() if k in ("images", "videos")):
            free = any(None in i.shape for i in signature.inputs.values())
            assert value.shape[1:] == made.spec.shape or free, key
            assert 0 <= np.min(value) <= np.max(value) <= 1


@EVERY
def test_a_client_gets_what_the_networks_compute(name, made, answers):
    """signature.serve(to_wire(x)) == to_wire(signature.function(x)), of every signature; and errors of pictures are
    those of the pictures that the client has."""
    for key, signature in made.signatures().items():
        answer = answers[key]
        expected = wire(signature.outputs, answer.outputs)
        for output, value in answer.reply.items():
            np.testing.assert_allclose(value, expected[output], rtol=1e-3, atol=1e-4, err_msg=f"{key}:{output}")
        if "error" in answer.reply:
            off = np.square(np.subtract(answer.request["images"], answer.reply["images"])).mean(axis=(1, 2, 3))
            np.testing.assert_allclose(answer.reply["error"], off, rtol=1e-3, err_msg=key)


@contextmanager
def first_inputs(model, monkeypatch):
    """What the first call of one of the model's networks is given: a list of one array, filled within."""
    own, found, call = {id(n) for n in model.networks}, [], keras.Model.__call__

    def recorded(network, inputs, *args, **kwargs):
        if id(network) in own and not found:
            found.append(np.concatenate([np.ravel(x) for x in tf.nest.flatten(inputs)]))
        return call(network, inputs, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "__call__", recorded)
        yield found


@EVERY
def test_networks_see_a_clients_lowest_and_highest_values_as_minus_one_and_one(name, made, answers, monkeypatch):
    for key, signature in made.signatures().items():
        feature = signature.inputs.get("x")
        if feature is None:
            continue
        (tensor,) = feature.wire(wire_name("x", feature))
        for value, extreme in ((feature.low, np.min), (feature.high, np.max)):
            request = {**answers[key].request, tensor: tf.fill(answers[key].request[tensor].shape, value)}
            with first_inputs(made, monkeypatch) as found:
                signature.serve(request)
            assert extreme(found[0]) == pytest.approx(-1 if value == feature.low else 1, abs=1e-5), key


@EVERY
def test_what_networks_generate_fills_the_range_on_the_wire(name, made, answers):
    """Of networks with such weights that each value is at one end or the other, nearly."""
    kept = [(v, v.numpy()) for n in made.averaged for v in n.variables]
    for variable, value in kept:
        if "kernel" in variable.path:
            variable.assign(30.0 * value)
    try:
        for key, signature in made.signatures().items():
            for name_, feature in signature.outputs.items():
                if feature.low is not None:
                    x = signature.serve(answers[key].request)[wire_name(name_, feature)].numpy()
                    share = (x - feature.low) / (feature.high - feature.low)
                    assert 0.0 <= share.min() < 0.05, key
                    assert 0.95 < share.max() <= 1.0, key
    finally:
        for variable, value in kept:
            variable.assign(value)


@EVERY
def test_a_sample_has_an_address(name, made):
    sample = made.signatures().get("sample")
    if sample is None:
        pytest.skip(f"{name} does not sample")

    def drawn(seeds):
        """For these seeds, all of them under the same conditions."""
        inputs = {key: tf.repeat(example_values(f, 2)[1:], len(seeds), axis=0) for key, f in sample.inputs.items()}
        return sample.function(**{**inputs, "seed": tf.constant(list(seeds), tf.int64)})["x"].numpy()

    together, alone = drawn(range(10)), drawn([7])
    assert together[7] == pytest.approx(alone[0], abs=1e-6)
    assert np.abs(together[7] - together[8]).max() > 1e-3
