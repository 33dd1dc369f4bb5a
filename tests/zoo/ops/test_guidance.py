"""Explanation-guided gradients, on a discriminator whose explanation is known."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.ops.guidance import guided, importance

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def linear():
    w = tf.constant(RANDOM.normal(size=(8, 12, 1)), tf.float32)
    return w, lambda x: tf.reduce_sum(w * x, axis=(1, 2, 3))


@pytest.fixture(scope="module")
def x():
    return tf.constant(RANDOM.uniform(-1, 1, (3, 8, 12, 1)), tf.float32)


def test_importance_of_a_linear_discriminators_parts_is_their_share_of_its_sum(linear, x):
    w, D = linear
    parts = np.abs((w * (x + 1)).numpy().reshape(3, 2, 4, 3, 4).sum((2, 4)))
    expected = parts / parts.mean((1, 2), keepdims=True)
    found = importance(D, x).numpy()
    np.testing.assert_allclose(found[:, ::4, ::4, 0], expected, rtol=1e-4)
    np.testing.assert_allclose(found, np.repeat(np.repeat(expected, 4, 1), 4, 2)[..., None], rtol=1e-4)


def test_the_image_passes_and_its_gradient_is_weighed(linear, x):
    _, D = linear
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = guided(x, D, 0.25)
        loss = tf.reduce_sum(y**2)
    assert np.array_equal(y, x)
    np.testing.assert_allclose(tape.gradient(loss, x), 2 * x * (0.75 + 0.25 * importance(D, x)), rtol=1e-5)


def test_no_share_is_plain_training(linear, x):
    _, D = linear
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(guided(x, D, 0.0) ** 3)
    np.testing.assert_allclose(tape.gradient(loss, x), 3 * x**2, rtol=1e-5)


def test_sides_that_parts_do_not_divide():
    x = tf.constant(RANDOM.uniform(-1, 1, (2, 9, 7, 3)), tf.float32)
    found = importance(lambda v: tf.reduce_sum(v**2, axis=(1, 2, 3)), x)
    assert found.shape == (2, 9, 7, 1)
    assert np.all(np.isfinite(found))
