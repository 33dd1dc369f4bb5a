"""Penalties of codes, against closed forms."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.autoencoders import denoising
from zoo.core import replicas
from zoo.core.random import Seed
from zoo.losses import codes, divergence
from zoo.networks.mlp import mlp

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def encoder():
    keras.utils.set_random_seed(3)
    return mlp((2, 3, 1), (5,), (4,), activation="sigmoid", output="sigmoid")


@pytest.fixture(scope="module")
def x():
    return tf.constant(RANDOM.normal(size=(7, 2, 3, 1)), tf.float32)


def jacobians(encoder, x):
    """∂h/∂x one code at a time: (B, D, F)."""
    rows = []
    for d in range(encoder.output_shape[-1]):
        with tf.GradientTape() as tape:
            tape.watch(x)
            h = encoder(x)[:, d]
        rows.append(tf.reshape(tape.gradient(h, x), (len(x), -1)))
    return np.stack(rows, axis=1)


def every_direction(x, size):
    return tf.repeat(tf.eye(size)[None], len(x), axis=0)


def test_contraction_is_the_jacobians_frobenius_norm(encoder, x):
    expected = (jacobians(encoder, x) ** 2).sum((1, 2))
    np.testing.assert_allclose(codes.contraction(encoder, x, every_direction(x, 4)), expected, rtol=1e-4)


def test_a_sigmoid_layers_contraction_has_its_closed_form(x):
    """Rifai et al. 2011, equation 6: Σ_j (h_j (1 − h_j))² Σ_i W_ij²."""
    layer = mlp((2, 3, 1), (), (4,), output="sigmoid")
    h, w = layer(x).numpy(), layer.layers[-1].kernel.numpy()
    expected = ((h * (1 - h)) ** 2 * (w**2).sum(0)).sum(1)
    np.testing.assert_allclose(codes.contraction(layer, x, every_direction(x, 4)), expected, rtol=1e-4)


def test_random_projections_are_unbiased(encoder, x):
    count = 4_000
    directions = Seed.of(tf.range(len(x))).normal((count, 4)) / count**0.5
    exact = codes.contraction(encoder, x, every_direction(x, 4))
    np.testing.assert_allclose(codes.contraction(encoder, x, directions), exact, rtol=0.15)


def test_contraction_teaches_the_weights(encoder, x):
    """Its gradient is a second derivative: against differences."""
    kernel = encoder.layers[-1].kernel

    def mean():
        return tf.reduce_mean(codes.contraction(encoder, x, every_direction(x, 4)))

    with tf.GradientTape() as tape:
        loss = mean()
    gradient = tape.gradient(loss, kernel.value).numpy()
    kept, step = kernel.numpy(), np.zeros_like(kernel.numpy())
    step[1, 2] = 1e-2
    kernel.assign(kept + step)
    above = float(mean())
    kernel.assign(kept - step)
    below = float(mean())
    kernel.assign(kept)
    assert gradient[1, 2] == pytest.approx((above - below) / 2e-2, rel=2e-2)


def test_sparse_kl_is_zero_at_its_target_and_grows_away_from_it():
    at = [float(codes.sparsity_kl(tf.fill((6, 3), a), 0.05)) for a in (0.05, 0.1, 0.2, 0.4)]
    assert at[0] == pytest.approx(0, abs=1e-6)
    assert at == sorted(at)
    expected = 3 * (0.05 * np.log(0.05 / 0.2) + 0.95 * np.log(0.95 / 0.8))
    assert at[2] == pytest.approx(expected, rel=1e-4)


def test_sparse_kl_looks_at_means_over_the_batch():
    half = tf.constant([[0.0], [0.1]])
    assert float(codes.sparsity_kl(half, 0.05)) == pytest.approx(0, abs=1e-6)


def test_sparse_kl_survives_dead_and_saturated_nodes():
    assert np.all(np.isfinite(divergence.kl_bernoulli(0.05, tf.constant([0.0, 1.0]))))


def test_l1_is_the_sum_of_magnitudes():
    assert np.array_equal(codes.sparsity_l1(tf.constant([[1.0, -2.0], [0.0, 0.5]])), [3.0, 0.5])


def test_masking_turns_the_share_to_black_and_leaves_the_rest():
    x = tf.constant(RANDOM.uniform(-0.9, 1, (50, 20, 20, 1)), tf.float32)
    noisy = denoising.masking(0.3)(x, Seed.of(tf.range(50))).numpy()
    hidden = noisy == -1
    assert hidden.mean() == pytest.approx(0.3, abs=0.02)
    assert np.array_equal(noisy[~hidden], x.numpy()[~hidden])


def test_gaussian_noise_has_the_given_deviation():
    x = tf.zeros((50, 20, 20, 1))
    noisy = denoising.gaussian(0.1)(x, Seed.of(tf.range(50))).numpy()
    assert noisy.std() == pytest.approx(0.2, rel=0.02)  # a tenth of the range [-1, 1]
    assert noisy.mean() == pytest.approx(0, abs=0.01)


def test_gather_gives_every_replica_the_global_batch_and_the_whole_gradient(two_replicas):
    rows = np.arange(12, dtype=np.float32).reshape(4, 3)

    def step(own):
        with tf.GradientTape() as tape:
            tape.watch(own)
            whole = replicas.gather(own)
            loss = tf.reduce_sum(whole**3) / replicas.replicas()
        return whole, tape.gradient(loss, own)

    parts = iter([rows[:2], rows[2:]])
    own = two_replicas.experimental_distribute_values_from_function(lambda _: tf.constant(next(parts)))
    whole, gradient = two_replicas.run(tf.function(step), args=(own,))
    for value in two_replicas.experimental_local_results(whole):
        assert np.array_equal(value, rows)
    found = np.concatenate([g.numpy() for g in two_replicas.experimental_local_results(gradient)])
    np.testing.assert_allclose(found, 3 * rows**2, rtol=1e-6)
