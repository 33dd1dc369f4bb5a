"""The attack on a linear model, where the smallest change is known."""

import numpy as np
import pytest
import tensorflow as tf

from explain import Local, attack

SHAPE = (5, 5, 1)
W = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("linear") / "1"
    module = tf.Module()
    module.w = tf.Variable(W)

    @tf.function(input_signature=[tf.TensorSpec((None, *SHAPE), tf.float32, "images")])
    def discriminate(images):
        return {"logits": tf.reduce_sum((images - 0.5) * module.w, axis=(1, 2, 3)) + 0.3}

    tf.saved_model.save(module, str(folder), signatures={"discriminate": discriminate})
    return Local(folder)


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.5])
def test_the_change_is_the_distance_to_the_plane(source, threshold):
    """|f(x) − threshold|/‖w‖, along w."""
    found = attack(source, np.full(SHAPE, 0.5), threshold=threshold)
    assert found.succeeded
    assert found.distance == pytest.approx(abs(0.3 - threshold) / np.linalg.norm(W), rel=1e-3)
    along = (found.adversarial - found.x).ravel() @ W.ravel() / np.linalg.norm(W)
    assert abs(along) == pytest.approx(found.distance, rel=1e-5)


def test_pixels_at_their_bounds_stay_and_the_others_move_more(source):
    x = np.where(W > 0, 0.0, 0.5).astype(np.float32)
    found = attack(source, x, threshold=float(source.evaluate(x[None])[0]) - 0.2)
    assert found.succeeded
    assert not (found.adversarial - x)[W > 0].any(), "they would have to go below 0"
    assert found.distance == pytest.approx(0.2 / np.linalg.norm(W[W < 0]), rel=1e-3)
