"""Losses against closed forms and tensorflow-probability."""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from zoo.losses import adversarial, divergence, reconstruction

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


def test_non_saturating_pays_minus_log_d():
    logits = np.linspace(-5, 5, 11).astype(np.float32)
    d = 1 / (1 + np.exp(-logits))
    pays = adversarial.non_saturating()
    np.testing.assert_allclose(pays.real(logits), -np.log(d), rtol=1e-4)
    np.testing.assert_allclose(pays.fake(logits), -np.log(1 - d), rtol=1e-4)
    np.testing.assert_allclose(pays.generator(logits), -np.log(d), rtol=1e-4)


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
