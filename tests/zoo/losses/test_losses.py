"""Losses against closed forms and tensorflow-probability."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from zoo.core.errors import UserError
from zoo.losses import adversarial, divergence, reconstruction
from zoo.losses.information import mutual_information

RANDOM = np.random.default_rng(0)


def test_kl_equals_tensorflow_probabilitys():
    mean, log_variance = RANDOM.normal(size=(2, 6, 5)).astype(np.float32)
    normal = tfp.distributions.MultivariateNormalDiag
    expected = tfp.distributions.kl_divergence(normal(mean, np.exp(log_variance / 2)), normal(np.zeros(5, np.float32)))
    np.testing.assert_allclose(divergence.kl_standard_normal(mean, log_variance), expected.numpy(), rtol=1e-5)


def test_kl_to_itself_is_zero():
    assert np.array_equal(divergence.kl_standard_normal(tf.zeros((3, 4)), tf.zeros((3, 4))), np.zeros(3))


def test_log_normal_equals_tensorflow_probabilitys():
    z, mean, log_variance = RANDOM.normal(size=(3, 6, 5)).astype(np.float32)
    expected = tfp.distributions.MultivariateNormalDiag(mean, np.exp(log_variance / 2)).log_prob(z)
    np.testing.assert_allclose(divergence.log_normal(z, mean, log_variance), expected.numpy(), rtol=1e-5)


def test_reconstructions_sum_over_pixels_and_keep_examples_apart():
    x, y = RANDOM.random((2, 4, 3, 3, 2)).astype(np.float32)
    logits = np.log(y / (1 - y))
    np.testing.assert_allclose(reconstruction.squared_error(x, y), ((x - y) ** 2).sum((1, 2, 3)), rtol=1e-5)
    entropy = -(x * np.log(y) + (1 - x) * np.log(1 - y)).sum((1, 2, 3))
    np.testing.assert_allclose(reconstruction.bernoulli(tf.constant(x), logits), entropy, rtol=1e-5)


def test_bernoulli_is_least_at_the_truth():
    x = tf.constant(RANDOM.uniform(0.1, 0.9, (1, 50)), tf.float32)
    with tf.GradientTape() as tape:
        logits = tf.Variable(tf.math.log(x / (1 - x)))
        loss = reconstruction.bernoulli(x, logits)
    np.testing.assert_allclose(tape.gradient(loss, logits), np.zeros((1, 50)), atol=1e-6)


def test_non_saturating_is_minus_log_d():
    logits = np.linspace(-5, 5, 11).astype(np.float32)
    d = 1 / (1 + np.exp(-logits))
    loss = adversarial.non_saturating()
    np.testing.assert_allclose(loss.real(logits), -np.log(d), rtol=1e-4)
    np.testing.assert_allclose(loss.fake(logits), -np.log(1 - d), rtol=1e-4)
    np.testing.assert_allclose(loss.generator(logits), -np.log(d), rtol=1e-4)


def test_smoothing_moves_the_best_answer_for_real_images():
    smoothing, best = 0.1, np.log(0.9 / 0.1)
    with tf.GradientTape() as tape:
        logit = tf.Variable([best], dtype=tf.float32)
        loss = adversarial.non_saturating(smoothing).real(logit)
    np.testing.assert_allclose(tape.gradient(loss, logit), 0, atol=1e-6)


def test_generator_gradient_lives_on_confident_fakes():
    """The reason for the non-saturating loss: D(G(z)) near 0 gives a gradient near −1, not near 0."""
    with tf.GradientTape() as tape:
        logit = tf.Variable([-10.0])
        loss = adversarial.non_saturating().generator(logit)
    np.testing.assert_allclose(tape.gradient(loss, logit), -1, atol=1e-4)


LOGITS = np.array([-3.0, -0.5, 0.0, 0.25, 2.0], np.float32)
SIGMOID = 1 / (1 + np.exp(-LOGITS))
FORMULAS = {
    "minimax": (-np.log(SIGMOID), -np.log(1 - SIGMOID), np.log(1 - SIGMOID)),
    "non_saturating_smoothed": (
        -0.9 * np.log(SIGMOID) - 0.1 * np.log(1 - SIGMOID),
        -np.log(1 - SIGMOID),
        -np.log(SIGMOID),
    ),
    "least_squares": ((LOGITS - 1) ** 2 / 2, LOGITS**2 / 2, (LOGITS - 1) ** 2 / 2),
    "wasserstein": (-LOGITS, LOGITS, -LOGITS),
    "hinge": (np.maximum(0, 1 - LOGITS), np.maximum(0, 1 + LOGITS), -LOGITS),
    "relativistic": (-np.log(SIGMOID) / 2, -np.log(1 - SIGMOID) / 2, -np.log(SIGMOID)),
}
SLOPES = {
    "minimax": (SIGMOID - 1, SIGMOID, -SIGMOID),
    "non_saturating_smoothed": (SIGMOID - 0.9, SIGMOID, SIGMOID - 1),
    "least_squares": (LOGITS - 1, LOGITS, LOGITS - 1),
    "wasserstein": (-1 + 0 * LOGITS, 1 + 0 * LOGITS, -1 + 0 * LOGITS),
    "hinge": (-1.0 * (LOGITS < 1), 1.0 * (LOGITS > -1), -1 + 0 * LOGITS),
    "relativistic": ((SIGMOID - 1) / 2, SIGMOID / 2, SIGMOID - 1),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_adversarial_losses_and_their_slopes_are_their_papers(name):
    loss = adversarial.get(name)
    for takes, value, slope in zip((loss.real, loss.fake, loss.generator), FORMULAS[name], SLOPES[name], strict=True):
        with tf.GradientTape() as tape:
            logits = tf.Variable(LOGITS)
            found = takes(logits.value())
        np.testing.assert_allclose(found, value, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(tape.gradient(found, logits), slope, rtol=1e-4, atol=1e-6)


def test_relativistic_pairs_are_the_papers():
    """Both of D's halves are log(1 + exp(D(G(z)) − D(x))) together, and G's is its mirror."""
    real, fake = RANDOM.normal(size=(2, 9)).astype(np.float32)
    loss = adversarial.relativistic()
    on_real, on_fake = loss.relative_logits(tf.constant(real), tf.constant(fake))
    np.testing.assert_allclose(loss.real(on_real) + loss.fake(on_fake), np.log1p(np.exp(fake - real)), rtol=1e-5)
    np.testing.assert_allclose(loss.generator(on_fake), np.log1p(np.exp(real - fake)), rtol=1e-5)


def test_a_saturating_loss_teaches_nothing_where_the_others_do():
    """On a fake that D is sure of."""
    slopes = {}
    for name in ("minimax", "non_saturating", "least_squares", "hinge"):
        with tf.GradientTape() as tape:
            logit = tf.Variable([-10.0])
            loss = adversarial.get(name).generator(logit.value())
        slopes[name] = abs(float(tape.gradient(loss, logit)[0]))
    assert slopes["minimax"] < 1e-4
    assert slopes["non_saturating"] == pytest.approx(1, abs=1e-4)
    assert slopes["least_squares"] == pytest.approx(11)
    assert slopes["hinge"] == 1


def test_patches_have_the_mean_of_their_losses_and_scores():
    d = RANDOM.normal(size=(3, 2, 4)).astype(np.float32)
    loss = adversarial.of_patches(adversarial.least_squares())
    np.testing.assert_allclose(loss.real(d), np.mean((d - 1) ** 2, axis=(1, 2)) / 2, rtol=1e-5)
    np.testing.assert_allclose(loss.fake(d), np.mean(d**2, axis=(1, 2)) / 2, rtol=1e-5)
    np.testing.assert_allclose(loss.generator(d), loss.real(d))
    assert {k: v.shape for k, v in loss.scores(d).items()} == {"score": (3,)}
    scores = adversarial.non_saturating().scores(d)
    np.testing.assert_allclose(scores["logits"], d.mean(axis=(1, 2)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(scores["probability"], 1 / (1 + np.exp(-d.mean(axis=(1, 2)))), rtol=1e-5)


def test_unknown_losses_are_named():
    with pytest.raises(UserError, match=r"no adversarial loss 'hinged'\. Did you mean 'hinge'"):
        adversarial.get("hinged")


def test_information_is_at_most_the_entropy_of_the_codes():
    """log K nats where Q is sure and right, 0 where it guesses, and never more."""
    category = np.eye(4, dtype=np.float32)
    none = np.zeros((4, 4), np.float32)
    np.testing.assert_allclose(mutual_information(category, 50 * category, 4), np.log(4), rtol=1e-5)
    np.testing.assert_allclose(mutual_information(category, none, 4), 0, atol=1e-6)
    codes = np.concatenate([category, RANDOM.uniform(-1, 1, (4, 2)).astype(np.float32)], axis=1)
    for _ in range(20):
        read = RANDOM.normal(scale=3, size=(4, 6)).astype(np.float32)
        assert np.all(mutual_information(codes, read, 4) <= np.log(4) + 2 * np.log(2))
