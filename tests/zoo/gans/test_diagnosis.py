"""Toy games driven into each failure on purpose, and a healthy one."""

import numpy as np
import pytest
import tensorflow as tf
import toys

from zoo.core import registry
from zoo.core.features import Spec, image
from zoo.training.diagnosis import PROBLEMS, Diagnosis, diversity

RING = toys.ring(20_000, 0)
CORNER = (0.95 + 0.01 * np.random.default_rng(0).normal(size=(20_000, 2))).astype(np.float32)
STILL = 1e-9


def diagnosed(model, turns, epochs=3, points=RING, **training):
    """The troubles that are told of in each of some epochs, and the last epoch's means."""
    examples = {"vector": tf.constant(toys.ring(64, 1))}
    diagnosis, told = Diagnosis(model, examples), []
    terms = toys.play(model, points, turns * epochs, **training)
    for epoch in range(epochs):
        part = terms[epoch * turns : (epoch + 1) * turns]
        means = {key: float(np.mean([t[key] for t in part])) for key in part[0]} | diagnosis.measure()
        said = diagnosis.warnings({"step": (epoch + 1) * turns, **means})
        told.append({name for name, problem in PROBLEMS.items() if problem.says in said})
    return told, means


def test_a_healthy_game_is_silent():
    told, means = diagnosed(toys.game("non_saturating", penalty="r1", penalty_weight=0.1), 150)
    assert told == [set()] * 3
    assert means["generator/diversity"] > 0.5


@pytest.mark.slow
def test_a_discriminator_that_has_won():
    """Its opponent does not move, far from the data."""
    told, _ = diagnosed(
        toys.game("non_saturating"), 300, 6, points=CORNER, learning_rate_multipliers={"generator": STILL}
    )
    assert [epoch for epoch, said in enumerate(told, 1) if "won" in said] in ([5], [6])


def test_a_gradient_that_vanishes():
    """The saturating loss against a discriminator that has won."""
    multipliers = {"generator": STILL, "discriminator": 10}
    told, means = diagnosed(toys.game("minimax"), 300, points=CORNER, learning_rate_multipliers=multipliers)
    assert "vanishing" in set.union(*told)
    assert min(means[f"discriminator/{side}_accuracy"] for side in ("real", "fake")) > 0.99
    assert means["generator/gradient_norm"] < 1e-3


@pytest.mark.slow
def test_a_collapse():
    """A generator whose judge stands still draws what that likes best, and nothing else."""
    told, means = diagnosed(
        toys.game("hinge"), 350, 4, learning_rate_multipliers={"generator": 10, "discriminator": STILL}
    )
    assert "collapse" in told[-1]
    assert means["generator/diversity"] < 0.25


def test_divergence():
    """A critic that nothing keeps Lipschitz."""
    told, _ = diagnosed(toys.game("wasserstein"), 150, learning_rate=0.05)
    assert "divergence" in set.union(*told)


def told_of(history, turns):
    """The epochs, of so many turns each, at whose end a trouble is told of: once for each trouble."""
    diagnosis = Diagnosis(toys.game("hinge"), {"vector": tf.constant(toys.ring(8, 0))})
    return [
        epoch for epoch, means in enumerate(history, 1) for _ in diagnosis.warnings({"step": epoch * turns, **means})
    ]


def drawing(*diversities):
    """Epochs of such samples."""
    return [{"generator/diversity": diversity} for diversity in diversities]


def test_a_trouble_is_told_once_until_it_has_passed():
    sick, well = 0.01, 1.0
    assert told_of(drawing(well, sick, sick, sick, sick, well, sick, sick, sick), 60) == [4, 9]


ACCURACIES = [0.882, 0.966, 0.978, 0.985, 0.988, 0.992, 0.993, 0.978, 0.998, 1, 0.998, 1, 0.999, 1, 0.98, 0.979, 0.93]
"""The lower one in each epoch of 78 turns of a DCGAN (width=16, mnist-5k) that ended at 0.80, its diversity 0.97."""


@pytest.mark.parametrize(("turns", "won"), [(78, []), (250, [13])])
def test_a_discriminator_that_is_overtaken_in_time_has_not_won(turns, won):
    """Nor is the same told of shorter epochs; of longer ones it is, once."""
    history = [{f"discriminator/{side}_accuracy": share for side in ("real", "fake")} for share in ACCURACIES]
    assert told_of(history, turns) == won


@pytest.mark.parametrize(
    "diversities",
    [
        (0.05, 0.1, 0.15, 0.2, 0.4),
        (0.17, 0.13, 0.14, 0.16, 0.16, 0.23, 0.31),
        (0.27, 0.26, 0.25, 0.25, 0.24, 0.24, 0.24, 0.26, 0.3),
    ],
)
def test_a_generator_that_has_just_begun_is_not_taken_for_collapsed(diversities):
    """The second is a wgan_gp's on mnist-5k, the third a gan's; they ended at 0.98 and 0.74."""
    assert told_of(drawing(*diversities), 70) == []


def test_a_generator_that_never_begins_is():
    assert told_of(drawing(*[0.1] * 20), 70) == [16]


def test_other_models_are_left_alone():
    model = registry.get("undercomplete")(Spec.of(image(8, 8, 1)), hidden=(8,))
    diagnosis = Diagnosis(model, {"image": tf.zeros((4, 8, 8, 1))})
    assert diagnosis.measure() == {}
    assert diagnosis.warnings({"autoencoder/loss": 1.0}) == []
    assert diagnosis.warnings({"autoencoder/loss": 1e9}) == []


def test_diversity_is_one_of_the_data_itself_and_nought_of_one_sample():
    x = np.random.default_rng(0).normal(size=(50, 3, 4))
    assert diversity(x, x) == pytest.approx(1)
    assert diversity(2 * x, x) == pytest.approx(2)
    assert diversity(np.repeat(x[:1], 50, axis=0), x) == pytest.approx(0, abs=1e-9)
