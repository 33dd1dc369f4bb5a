"""Metrics of one image beside the one that it should be, and of videos."""

import math

import numpy as np
import pytest
import tensorflow as tf

from zoo.core.errors import UserError
from zoo.evaluation.metrics.image_quality import psnr, ssim
from zoo.evaluation.metrics.video import motion, video_distances

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(-1, 1, (6, 20, 24, 3)).astype(np.float32)


def noisy(level):
    return np.clip(X + level * RANDOM.normal(size=X.shape), -1, 1).astype(np.float32)


def test_psnr_of_a_known_error():
    """An error of 0.02 in a range of 2 is a hundredth: 40 dB."""
    np.testing.assert_allclose(psnr(X, X + np.float32(0.02)), 40, rtol=1e-5)
    assert np.isinf(psnr(X, X)).all()


@pytest.mark.parametrize("level", [0.05, 0.5])
def test_psnr_and_ssim_equal_tensorflows(level):
    y = noisy(level)
    unit = (X + 1) / 2, (y + 1) / 2
    np.testing.assert_allclose(psnr(X, y), tf.image.psnr(*unit, 1.0), rtol=1e-4)
    np.testing.assert_allclose(ssim(X, y), tf.image.ssim(*unit, 1.0), rtol=1e-4)


def test_ssim_of_equal_images_is_one_and_of_inverted_ones_negative():
    assert ssim(X, X) == pytest.approx(np.ones(6))
    assert (ssim(X, -X) < 0).all()


def test_ssim_of_two_plain_images_is_its_luminance_term():
    """No variance: (2ab + c) / (a² + b² + c) of brightness a and b above black, with c = 0.01²."""
    a, b, c = 0.5, 0.25, 0.01**2
    images = np.ones((1, 16, 16, 1))
    expected = (2 * a * b + c) / (a**2 + b**2 + c)
    assert ssim((2 * a - 1) * images, (2 * b - 1) * images)[0] == pytest.approx(expected)


@pytest.mark.parametrize("side", [5, 8, 11, 28])
def test_both_fall_with_noise_at_every_size(side):
    x = RANDOM.uniform(-1, 1, (4, side, side, 1))
    noise = RANDOM.normal(size=x.shape)
    for metric in (psnr, ssim):
        values = [metric(x, x + level * noise).mean() for level in (0.02, 0.1, 0.5)]
        assert values == sorted(values, reverse=True)


def test_images_of_other_shapes_are_refused():
    with pytest.raises(UserError, match="one to one"):
        psnr(X, X[:3])


def walk(n, speed, frames=8):
    """Videos of a bright square that goes to the right: (n, T, 16, 16, 1)."""
    videos = np.full((n, frames, 16, 16, 1), -1.0)
    for video, start in zip(videos, RANDOM.integers(0, 16, (n, 2)), strict=True):
        for t, frame in enumerate(video):
            rows, columns = (start[0] + np.arange(4)) % 16, (start[1] + speed * t + np.arange(4)) % 16
            frame[np.ix_(rows, columns)] = 1.0
    return videos


def features(x):
    """Means of 2 x 2 pixels' places and of brightness: sees what is where."""
    return x[..., 0].reshape(*x.shape[:-3], 4, 4, 4, 4).mean(axis=(-3, -1)).reshape(*x.shape[:-3], 16)


def test_motion_is_black_where_nothing_moves():
    still = np.repeat(walk(3, 1)[:, :1], 4, axis=1)
    assert motion(still).shape == (3, 3, 16, 16, 1)
    assert (motion(still) == -1).all()
    moving = motion(walk(3, 1))
    assert math.isclose((moving > -1).sum() / (3 * 7), 8), "two columns of four: one left, one reached"
    with pytest.raises(UserError, match="at least two frames"):
        motion(still[:, :1])


def test_shuffled_frames_are_seen_in_the_motion_alone():
    real, again = walk(200, 1), walk(200, 1)
    shuffled = np.stack([RANDOM.permutation(video) for video in again])
    same, other = (video_distances(real, v, features, seed=0) for v in (again, shuffled))
    assert same.motion.low < 0.02
    assert other.motion.low > same.motion.high
    assert other.frames.value == pytest.approx(same.frames.value, abs=0.02)


def test_another_speed_is_further_the_more_it_differs():
    real = walk(200, 1)
    values = [video_distances(real, walk(200, speed), features, seed=0).motion.value for speed in (1, 2, 3)]
    assert values == sorted(values)
