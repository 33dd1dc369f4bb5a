"""Games whose truth is known."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import toys
from scipy.stats import wasserstein_distance

from zoo.core.features import Spec, vector
from zoo.core.random import Seed
from zoo.gans.family import assemble
from zoo.losses import adversarial

RING = toys.ring(50_000, 0)


@pytest.mark.parametrize("loss", adversarial.LOSSES)
def test_every_loss_covers_the_ring(loss):
    """Eight Gaussians: all of them drawn, most samples good. The steeper losses need the heavier penalty."""
    penalty_weight = {"hinge": 1.0, "wasserstein": 1.0}.get(loss, 0.1)
    model = toys.game(loss, penalty="r1", penalty_weight=penalty_weight)
    before, _ = toys.covered(toys.samples(model))
    toys.play(model, RING, 1_500, ema=0.99)
    modes, good = toys.covered(toys.samples(model))
    assert before < 8
    assert modes == 8
    assert good > 0.6


def test_real_points_of_the_ring_are_good():
    assert toys.covered(toys.ring(2_000, 1)) == (8, pytest.approx(1, abs=1e-3))


@pytest.mark.parametrize("penalty", ["gradient", "one_sided"])
def test_an_optimal_critic_knows_the_wasserstein_distance_and_teaches_the_generator(penalty):
    """On a line, where sorting gives it exactly; the generator stands still. Where the two hardly meet its slope is 1,
    and a discriminator as good is flat, see `test_a_gradient_that_vanishes`."""
    keras.utils.set_random_seed(0)
    options = {"networks": "mlp", "norm": "none", "hidden": (64, 64), "latent": 2, "penalty": penalty}
    model = assemble(Spec.of(vector(1)), loss=adversarial.wasserstein(), **options)
    real = (0.6 + 0.1 * np.random.default_rng(0).normal(size=(20_000, 1))).astype(np.float32)
    terms = toys.play(model, real, 600, learning_rate_multipliers={"generator": 1e-9})
    fake = model.generated(model.noise(Seed.of(tf.range(20_000))), None).numpy()
    exact = wasserstein_distance(real[:, 0], fake[:, 0])
    assert np.mean([t["critic/wasserstein"] for t in terms[-100:]]) == pytest.approx(exact, rel=0.1)
    with tf.GradientTape() as tape:
        x = tf.Variable(fake[:1_000])
        scores, _ = model.discriminated(x, None)
    assert np.mean(tape.gradient(scores, x)) == pytest.approx(1, rel=0.1)
