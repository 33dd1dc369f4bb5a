"""Resizing, features and networks of translation, super-resolution, pyramids and videos, by what they must compute."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.core import registry
from zoo.core.errors import UserError
from zoo.core.features import Spec, image
from zoo.losses.perceptual import perceptual_distance
from zoo.losses.reconstruction import mean_absolute_error, mean_squared_error
from zoo.networks import srresnet, translator, video
from zoo.networks.random_features import random_features
from zoo.ops.resize import enlarge, shrink

RNG = np.random.default_rng(0)


def images(*shape):
    return RNG.uniform(-1, 1, shape).astype(np.float32)


def test_shrinking_takes_means_over_squares():
    x = images(2, 8, 12, 3)
    assert shrink(x, 4).numpy() == pytest.approx(x.reshape(2, 2, 4, 3, 4, 3).mean((2, 4)), abs=1e-6)


def test_where_a_side_does_not_divide_the_last_mean_is_over_what_is_left():
    x = images(1, 9, 6, 1)
    small = shrink(x, 4).numpy()[0, :, :, 0]
    assert small.shape == (3, 2)
    assert small[0, 0] == pytest.approx(x[0, :4, :4].mean(), abs=1e-6)
    assert small[2, 1] == pytest.approx(x[0, 8:, 4:].mean(), abs=1e-6)


def test_frames_shrink_each_on_its_own():
    x = images(2, 3, 6, 4, 1)
    assert np.array_equal(shrink(x, 2)[1, 2], shrink(x[1, 2:], 2)[0])


def test_enlarging_keeps_a_plane_a_plane():
    """Bilinear interpolation is exact on slopes, away from the border."""
    x = np.tile(np.arange(6, dtype=np.float32)[None, :, None, None], (1, 1, 6, 1))
    assert enlarge(x, (12, 12)).numpy()[0, 1:-1, 0, 0] == pytest.approx(np.arange(0.25, 5, 0.5))


def test_mean_errors():
    x, y = images(3, 4, 5, 1), images(3, 4, 5, 1)
    assert mean_absolute_error(x, y).numpy() == pytest.approx(np.abs(x - y).mean((1, 2, 3)), rel=1e-5)
    assert mean_squared_error(x, y).numpy() == pytest.approx(np.square(x - y).mean((1, 2, 3)), rel=1e-5)


def test_random_features_follow_from_their_own_seed_alone():
    keras.utils.set_random_seed(1)
    first = random_features(3, seed=5).get_weights()
    keras.utils.set_random_seed(2)
    again, other = random_features(3, seed=5).get_weights(), random_features(3, seed=6).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    assert random_features(3).trainable_variables == []


def test_the_perceptual_distance_ranks_what_looks_worse():
    features = random_features(1)
    x = np.kron(RNG.choice([-1, 1], (4, 8, 8)), np.ones((4, 4)))[..., None].astype(np.float32)
    blurs = [enlarge(shrink(x, f), (32, 32)).numpy() for f in (2, 4, 8)]
    distances = [float(tf.reduce_mean(perceptual_distance(features, x, y))) for y in (x, *blurs)]
    assert distances[0] == 0
    assert distances == sorted(distances)
    assert distances[3] > 1.2 * distances[1] > 0
    assert perceptual_distance(features, x, blurs[0]).shape == (4,)


def test_pixels_are_shuffled_as_equation_4_says():
    x = images(2, 3, 5, 8)
    made = srresnet.PixelShuffle()(x).numpy()
    for row, column, c in ((0, 0, 0), (3, 4, 1), (5, 9, 0)):
        assert np.array_equal(
            made[:, row, column, c], x[:, row // 2, column // 2, 2 * (2 * (row % 2) + column % 2) + c]
        )


@pytest.mark.parametrize("scale", [2, 4])
def test_srresnet_starts_from_no_detail_at_any_size(scale):
    network = srresnet.srresnet(3, scale, width=8, blocks=1)
    for height, width in ((5, 7), (16, 16)):
        assert np.array_equal(network(images(2, height, width, 3)), np.zeros((2, scale * height, scale * width, 3)))


def test_srresnet_enlarges_by_powers_of_two():
    with pytest.raises(UserError, match=r"scale=2, 4 or 8; received 3"):
        srresnet.srresnet(1, 3)


def test_a_score_sees_a_patch_of_22_pixels():
    D = translator.patch_discriminator((40, 40, 1), width=4)
    x = tf.constant(images(1, 40, 40, 1))
    # Instance normalisation looks everywhere: without its statistics the convolutions' own reach is left.
    layers = [layer for layer in D.layers if not isinstance(layer, keras.layers.GroupNormalization)]
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x
        for layer in layers[1:]:
            y = layer(y)
        score = y[0, 5, 5]
    seen = np.argwhere(tape.gradient(score, x).numpy()[0, :, :, 0])
    assert np.ptp(seen, axis=0).tolist() == [21, 21]


def recurrent(gates_bias, x, frames=4):
    """The states of a GRU over a constant input, with the gates held at a bias."""
    entry = keras.Input(x.shape[1:])
    network = keras.Model(entry, video._recurrent(entry, frames))
    gates, candidate = (layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D))
    kernel, bias = gates.get_weights()
    gates.set_weights([0 * kernel, bias + np.repeat(gates_bias, len(bias) // 2)])
    return network(x).numpy(), candidate


def test_a_closed_update_gate_keeps_the_state_and_an_open_one_takes_the_candidate():
    x = images(2, 4, 4, 3)
    assert np.abs(recurrent([-50.0, 0.0], x)[0]).max() < 1e-6
    # With the reset gate closed too the candidate sees the input alone, so all states are equal.
    states, candidate = recurrent([50.0, -50.0], x)
    expected = candidate(np.concatenate([x, 0 * x], axis=-1)).numpy()
    for t in range(4):
        assert states[:, t] == pytest.approx(expected, abs=1e-6)


def test_a_half_open_gate_approaches_the_candidate_by_halves():
    states, candidate = recurrent([0.0, -50.0], x := images(2, 4, 4, 3))
    target = candidate(np.concatenate([x, 0 * x], axis=-1)).numpy()
    for t in range(4):
        assert states[:, t] == pytest.approx((1 - 0.5 ** (t + 1)) * target, abs=1e-5)


def test_the_order_of_frames_changes_the_logit_of_motion():
    D = video.motion_discriminator(3, (4, 8, 8, 1), width=4)
    x, label = images(2, 4, 8, 8, 1), np.array([0, 2])
    assert np.abs(D([x, label]) - D([x[:, ::-1], label])).max() > 1e-4
    assert np.abs(D([x, label]) - D([x, label - label]))[1] > 1e-5


def test_videos_need_frames():
    with pytest.raises(UserError, match=r"dvdgan generates videos; this data has image 28x28x1"):
        registry.get("dvdgan")(Spec.of(image(28, 28, 1), 10))
