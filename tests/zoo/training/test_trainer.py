"""The engine's options and its facts, one by one, on a toy whose truth is known."""

import dataclasses
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import data
from zoo.core import registry
from zoo.core.config import TrainConfig
from zoo.core.errors import UserError
from zoo.core.features import Spec, image, vector
from zoo.core.model import GenerativeModel, Metric, Player
from zoo.training import strategy
from zoo.training.schedules import learning_rate
from zoo.training.trainer import Trainer

ONE = strategy.get("one")


class Line(GenerativeModel):
    """One weight w with loss a·w: its gradient is the mean of a, known to the last digit."""

    def __init__(self, *players, **options):
        self.spec = Spec.of(vector(1))
        dense = lambda: keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")  # noqa: E731
        self.nets = {name: keras.Sequential([keras.Input((1,)), dense()]) for name in players}
        self.players = [Player(name, [net], self.loss(net), **options) for name, net in self.nets.items()]

    def loss(self, net):
        return lambda batch, seed: {"slope": net(batch["vector"])[:, 0]}

    averaged = signatures = preview = ()


def toy(placed=ONE, *players, total=10, **options):
    options = {"batch_size": 4, "jit": "off", "learning_rate": 0.1, **options}
    with placed.scope():
        model = Line(*(players or ("only",)))
        return model, Trainer(model, TrainConfig(**options), placed, total_steps=total)


def batches(*values):
    """Batches of four rows, each row the same value."""
    return iter([{"vector": tf.fill((4, 1), float(v))} for v in values])


def fed(placed, rows):
    """One batch of these rows, as the strategy deals them out."""
    batch = {"vector": tf.constant(rows)}
    return strategy.iterate(placed, lambda worker, workers: tf.data.Dataset.from_tensors(batch))


def trained(placed=ONE, rate=0.1, **options):
    """A model of one player with these options, trained on x = 1, and the terms of each step."""
    with placed.scope():
        model = Line("only", **options)
        trainer = Trainer(model, TrainConfig(batch_size=4, jit="off", learning_rate=rate), placed, total_steps=10)
    terms = trainer.run(strategy.iterate(placed, lambda w, n: ones().repeat()), 10)
    return model, list(terms)


def ones():
    return tf.data.Dataset.from_tensors({"vector": tf.ones((4, 1))})


def weight(model, name="only"):
    return float(model.nets[name].trainable_variables[0].numpy()[0, 0])


def test_adam_takes_its_first_step_by_the_learning_rate():
    model, trainer = toy()
    list(trainer.run(batches(3), 1))
    assert weight(model) == pytest.approx(1 - 0.1, abs=1e-5)


def test_terms_are_means_and_come_in_order():
    _, trainer = toy(learning_rate=1e-9)
    assert [t["only/slope"] for t in trainer.run(batches(*range(50)), 50)] == pytest.approx(list(range(50)), abs=1e-5)


def test_a_gradient_is_divided_by_replicas_once(two_replicas):
    """Fact 1: with clipping at the true gradient's norm, one that is summed instead of averaged would be cut."""
    for placed in (ONE, two_replicas):
        _, trainer = toy(placed, clip_norm=100.0, learning_rate=1e-3)
        rows = fed(placed, [[1.0], [2.0], [3.0], [6.0]])
        (terms,) = trainer.run(rows, 1)
        assert terms["only/slope"] == pytest.approx(3.0)
        momentum = next(v for v in trainer.optimizers["only"].variables if "momentum" in v.path)
        assert float(momentum.numpy()[0, 0]) == pytest.approx(0.1 * 3.0)  # (1 − β₁) · gradient


def test_clipping_is_of_the_whole_gradient(two_replicas):
    """Rows +6 and −6 on two replicas cancel: clipping each replica's gradient first would not see it."""
    for placed in (ONE, two_replicas):
        _, trainer = toy(placed, clip_norm=0.5, learning_rate=1e-3)
        rows = fed(placed, [[6.0], [6.0], [-6.0], [-2.0]])  # mean 1, clipped to 0.5
        list(trainer.run(rows, 1))
        momentum = next(v for v in trainer.optimizers["only"].variables if "momentum" in v.path)
        assert float(momentum.numpy()[0, 0]) == pytest.approx(0.1 * 0.5)


def test_optimizers_are_built_before_the_first_step(two_replicas):
    """Fact 3."""
    _, trainer = toy(two_replicas, "generator", "critic")
    for optimizer in trainer.optimizers.values():
        assert optimizer.built
        assert all("Mirrored" in type(v.value).__name__ for v in optimizer.variables[2:])


def test_each_update_of_a_player_sees_a_fresh_batch(two_replicas):
    """Fact 4: several updates in a step, unrolled, also on two replicas; each sees a batch of its own."""
    for placed in (ONE, two_replicas):
        model, trainer = toy(placed, "critic", "generator", updates={"critic": 3})
        assert trainer.batches_per_step == 3
        make = lambda w, n: tf.data.Dataset.from_tensor_slices(tf.constant([1.0, 2.0, 6.0])).map(  # noqa: E731
            lambda v: {"vector": tf.fill((4, 1), v)}
        )
        (terms,) = trainer.run(strategy.iterate(placed, make), 1)
        w = [1.0, 0.9, 0.8]
        assert weight(model, "critic") < 0.75
        assert weight(model, "generator") == pytest.approx(0.9, abs=1e-5)
        assert terms["critic/slope"] == pytest.approx((1 * w[0] + 2 * w[1] + 6 * w[2]) / 3, rel=0.05)
        assert terms["generator/slope"] == pytest.approx(1.0, abs=1e-5)


def test_two_time_scales():
    model, trainer = toy(ONE, "critic", "generator", learning_rate_multipliers={"critic": 4.0})
    list(trainer.run(batches(1), 1))
    assert 1 - weight(model, "critic") == pytest.approx(4 * (1 - weight(model, "generator")), rel=1e-4)


@pytest.mark.parametrize(
    ("schedule", "warmup", "expected"),
    [
        ("linear", 0, [1, 0.75, 0.5, 0.25, 0]),
        ("cosine", 0, [1, 0.853553, 0.5, 0.146447, 0]),
        ("constant", 2, [0.5, 1, 1, 1, 1]),
        ("linear", 2, [0.5, 1, 1, 0.5, 0]),
    ],
)
def test_schedules(schedule, warmup, expected):
    rate = learning_rate(2.0, schedule, warmup, 4)
    assert [float(rate(t)) / 2 for t in range(5)] == pytest.approx(expected, abs=1e-5)


def test_a_schedule_drives_the_steps():
    """Adam's steps on a constant gradient are the learning rate itself."""
    model, trainer = toy(schedule="linear", total=4)
    places = [1.0]
    for _ in range(4):
        list(trainer.run(batches(1), 1))
        places.append(weight(model))
    assert -np.diff(places) == pytest.approx([0.1, 0.075, 0.05, 0.025], abs=1e-5)


def test_xla_is_for_one_replica(two_replicas):
    """Fact 11: not under a strategy; asking for it is an error that says so."""
    with pytest.raises(UserError, match="--jit on compiles for one replica; this run has 2"):
        toy(two_replicas, jit="on")
    _, trainer = toy(ONE, jit="on")
    list(trainer.run(batches(3), 1))
    assert trainer._step._jit_compile is True
    assert toy(two_replicas, jit="auto")[1]._step._jit_compile is not True


def test_impossible_options(two_replicas):
    with pytest.raises(UserError, match=r"--batch-size 5 does not divide among 2 replicas\. Try 6\."):
        toy(two_replicas, batch_size=5)
    with pytest.raises(UserError, match="no player 'critic'; it has only"):
        toy(updates={"critic": 5})


def test_one_mirrored_strategy_for_the_process(two_replicas):
    """Fact 6: two of them over the same devices clash."""
    assert strategy.get("mirrored", 2) is two_replicas
    assert strategy.get("auto", 2) is two_replicas
    with pytest.raises(UserError, match="The CPU cannot be split into 3 once TensorFlow runs"):
        strategy.get("mirrored", 3)


def test_multiworker_needs_its_cluster(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(UserError, match="TF_CONFIG, which is not set"):
        strategy.get("multiworker")
    monkeypatch.setenv("TF_CONFIG", "worker")
    with pytest.raises(UserError, match="is not JSON with a `cluster`"):
        strategy.get("auto")


def test_replicas_get_contiguous_rows_of_one_batch(two_replicas):
    digits = data.load("digits")
    whole = next(iter(digits.train.batches(8, seed=3)))
    parts = next(strategy.iterate(two_replicas, lambda w, n: digits.train.batches(8, seed=3, share=(w, n))))
    local = [p.numpy() for p in two_replicas.experimental_local_results(parts["image"])]
    assert np.array_equal(np.concatenate(local), whole["image"].numpy())


def test_one_iterator_serves_the_whole_run():
    """Fact 13: tf.data's autotuner sleeps when an iterator is destroyed."""
    stream = data.load("digits").train.batches(8, seed=0)
    assert stream.options().autotune.enabled is False
    steps = data.load("digits").train.count // 8
    it = iter(stream)
    for _ in range(steps + 2):  # past the first epoch's end
        next(it)


def test_mixed_precision_restores_the_policy():
    from zoo.core.config import RunConfig
    from zoo.training import run

    before = keras.config.dtype_policy().name
    training = registry.get("vae").config(precision="mixed_bfloat16")
    model = run.build(RunConfig("vae", "digits", training=training), Spec.of(image(8, 8, 1)))
    assert keras.config.dtype_policy().name == before
    assert model.networks[0].layers[2].compute_dtype == "bfloat16"
    assert model.networks[0].output.dtype == "float32"


def test_a_player_is_updated_in_its_share_of_the_run(two_replicas):
    for placed in (ONE, two_replicas):
        model, terms = trained(placed, active=(0.3, 0.7))
        assert [bool(t) for t in terms] == [False] * 3 + [True] * 4 + [False] * 3
        assert weight(model) == pytest.approx(1 - 4 * 0.1, abs=1e-4)


def test_a_term_rises_to_its_weight():
    _, terms = trained(warmup={"slope": 0.5}, rate=1e-7)
    assert [t["only/slope"] for t in terms] == pytest.approx(np.minimum(1, np.arange(10) / 5), abs=1e-5)


def test_lazy_terms_come_in_every_fourth_step_and_four_times_as_large(two_replicas):
    for placed in (ONE, two_replicas):
        _, terms = trained(placed, lazy=lambda batch, seed: {"penalty": tf.constant(2.0)}, interval=4)
        assert [t.get("only/penalty") for t in terms] == [8.0, None, None, None] * 2 + [8.0, None]


def test_a_metric_is_logged_and_not_minimised(two_replicas):
    class Measuring(Line):
        def loss(self, net):
            return lambda batch, seed: {
                "slope": net(batch["vector"])[:, 0],
                "seen": Metric(100.0 * net(batch["vector"])[:, 0]),
            }

    for placed in (ONE, two_replicas):
        with placed.scope():
            model = Measuring("only")
            trainer = Trainer(model, TrainConfig(batch_size=4, jit="off"), placed, total_steps=10)
        (terms,) = trainer.run(fed(placed, [[1.0], [2.0], [3.0], [6.0]]), 1)
        assert terms == pytest.approx({"only/loss": 3, "only/slope": 3, "only/seen": 300, "only/gradient_norm": 3})


def test_noise_follows_the_seed_the_step_and_the_player():
    class Noisy(Line):
        def loss(self, net):
            return lambda batch, seed: {
                "noise": Metric(seed.normal((1,))[:, 0]),
                "slope": net(batch["vector"])[:, 0],
            }

    def drawn(seed):
        model = Noisy("one", "other")
        trainer = Trainer(model, TrainConfig(batch_size=1, jit="off", seed=seed), ONE, total_steps=3)
        row = {"vector": tf.ones((1, 1))}
        return [terms[f"{name}/noise"] for terms in trainer.run(iter([row] * 3), 3) for name in model.nets]

    again, different = drawn(5), drawn(6)
    assert drawn(5) == again
    assert len({*again, *different}) == 12


def test_a_constraint_holds_after_each_update(two_replicas):
    for placed in (ONE, two_replicas):
        with placed.scope():
            model = Line("only")
            (player,), (w,) = model.players, model.nets["only"].trainable_variables
            model.players = [dataclasses.replace(player, constraint=lambda w=w: w.assign(tf.clip_by_value(w, 0.9, 2)))]
            trainer = Trainer(model, TrainConfig(batch_size=4, jit="off", learning_rate=0.3), placed, total_steps=10)
        list(trainer.run(fed(placed, [[1.0]] * 4), 1))
        assert weight(model) == pytest.approx(0.9)


def test_the_gradients_norm_is_true_at_any_loss_scale():
    policy = keras.config.dtype_policy()
    try:
        for precision in ("float32", "mixed_float16"):
            keras.config.set_dtype_policy(precision)
            _, trainer = toy(precision=precision)
            (terms,) = trainer.run(batches(1), 1)
            assert terms["only/gradient_norm"] == pytest.approx(1.0)
    finally:
        keras.config.set_dtype_policy(policy)


def test_slow_steps_are_reported_each_second(monkeypatch):
    """A bar that waits for twenty steps of two seconds would stand still for forty."""
    from zoo.training import trainer as module

    _, trainer = toy(learning_rate=1e-9)
    clock = iter(np.arange(0.0, 1000.0, 0.6))
    # The module's name alone: servers in this process keep their clock.
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    steps = []
    for _ in trainer.run(batches(*range(9)), 9):
        steps.append(int(trainer.step.numpy()))
    assert len(set(steps)) >= 4


def test_an_interruption_ends_after_the_step_and_loses_no_term():
    _, trainer = toy(learning_rate=1e-9)
    asked = []
    terms = list(trainer.run(batches(*range(9)), 9, interrupted=lambda: asked.append(0) or len(asked) == 4))
    assert [t["only/slope"] for t in terms] == pytest.approx([0, 1, 2, 3], abs=1e-5)
    assert int(trainer.step.numpy()) == 4
