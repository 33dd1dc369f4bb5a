"""Penalties on critics whose slopes are known, and constraints."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.core.errors import UserError
from zoo.core.random import Seed
from zoo.losses import penalties as regularizers
from zoo.networks.mlp import mlp

RANDOM = np.random.default_rng(0)
SHAPE = (4, 4, 2)
REAL, FAKE = (tf.constant(RANDOM.normal(size=(6, *SHAPE)), tf.float32) for _ in range(2))
SEED = Seed.of(tf.range(6))


def linear(norm):
    """D(x) = w · x with ‖w‖ = norm."""
    w = RANDOM.normal(size=SHAPE)
    w = tf.constant(norm * w / np.linalg.norm(w), tf.float32)
    return lambda x: tf.reduce_sum(w * x, axis=[1, 2, 3])


@pytest.mark.parametrize("norm", [0.25, 1.0, 3.0])
def test_penalties_of_a_linear_critic(norm):
    closed = {
        "gradient": (norm - 1) ** 2,
        "one_sided": max(0, norm - 1) ** 2,
        "dragan": (norm - 1) ** 2,
        "r1": norm**2 / 2,
        "r2": norm**2 / 2,
        "r1_r2": norm**2,
    }
    assert closed.keys() | {"none"} == regularizers.PENALTIES.keys()
    for name, value in closed.items():
        found = regularizers.get(name)(linear(norm), REAL, FAKE, SEED)
        np.testing.assert_allclose(found, np.full(6, value), rtol=1e-4, atol=1e-6, err_msg=name)


def test_r1_looks_at_real_examples_and_r2_at_fakes():
    """D(x) = ½ ‖x‖² has the slope x."""
    D = lambda x: 0.5 * tf.reduce_sum(x**2, axis=[1, 2, 3])  # noqa: E731
    squares = [np.sum(x.numpy() ** 2, axis=(1, 2, 3)) for x in (REAL, FAKE)]
    np.testing.assert_allclose(regularizers.r1(D, REAL, FAKE, SEED), squares[0] / 2, rtol=1e-5)
    np.testing.assert_allclose(regularizers.r2(D, REAL, FAKE, SEED), squares[1] / 2, rtol=1e-5)


def test_points_between_lie_on_the_lines_one_number_for_each_example():
    points = regularizers.between(REAL, FAKE, SEED)
    share = ((points - FAKE) / (REAL - FAKE)).numpy().reshape(6, -1)
    np.testing.assert_allclose(share, np.repeat(share[:, :1], share.shape[1], axis=1), atol=1e-3)
    assert np.all((share[:, 0] >= 0) & (share[:, 0] <= 1))
    assert len(np.unique(share[:, 0].round(4))) == 6


def test_a_flat_critic_has_a_finite_gradient():
    """√0 has an infinite slope."""
    w = tf.Variable(0.0)
    for name in ("gradient", "dragan"):
        with tf.GradientTape() as tape:
            flat = regularizers.get(name)(lambda x: w * tf.reduce_sum(x, axis=[1, 2, 3]), REAL, FAKE, SEED)
        np.testing.assert_allclose(flat, np.ones(6), rtol=1e-4)
        assert np.isfinite(tape.gradient(flat, w))


def test_the_slope_of_patches_is_their_means():
    w = tf.constant(RANDOM.normal(size=SHAPE), tf.float32)
    patches = lambda x: tf.reduce_sum(w * x, axis=3)  # noqa: E731
    whole = lambda x: tf.reduce_mean(patches(x), axis=[1, 2])  # noqa: E731
    np.testing.assert_allclose(
        regularizers.squared_gradient(patches, REAL), regularizers.squared_gradient(whole, REAL), rtol=1e-4
    )


def test_orthogonality_is_zero_of_orthogonal_columns_alone():
    network = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
    kernel = network.layers[0].kernel
    q, _ = np.linalg.qr(RANDOM.normal(size=(5, 3)))
    kernel.assign(q * [1.0, 2.0, 3.0])
    assert float(regularizers.orthogonality(network)) == pytest.approx(0, abs=1e-4)
    w = RANDOM.normal(size=(5, 3))
    kernel.assign(w)
    gram = w.T @ w
    expected = np.sum((gram * (1 - np.eye(3))) ** 2)
    assert float(regularizers.orthogonality(network)) == pytest.approx(expected, rel=1e-4)


def test_clipping_keeps_every_weight_in_its_box():
    network = mlp((7,), (6,), (1,))
    for v in network.trainable_variables:
        v.assign(RANDOM.normal(size=v.shape))
    before = [v.numpy() for v in network.trainable_variables]
    regularizers.clipping(network, 0.3)()
    for v, old in zip(network.trainable_variables, before, strict=True):
        np.testing.assert_allclose(v, np.clip(old, -0.3, 0.3))


def test_unknown_penalties_are_named():
    assert regularizers.get("none") is None
    with pytest.raises(UserError, match=r"no penalty 'r3'\. .*Known: .*r1_r2"):
        regularizers.get("r3")
