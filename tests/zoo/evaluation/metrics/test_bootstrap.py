"""Intervals against the theory of the normal mean, and what every metric makes of rows that are not fit."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from zoo.core.errors import Failure, UserError
from zoo.evaluation.metrics.bootstrap import interval, of_mean
from zoo.evaluation.metrics.kernel import kernel_distance
from zoo.evaluation.metrics.rows import pair, rows


def test_the_interval_of_a_mean_is_the_normal_theorys():
    x = np.random.default_rng(0).normal(3, 2, 2000)
    found = of_mean(x, seed=1)
    half = norm.ppf(0.975) * x.std() / math.sqrt(len(x))
    assert found.value == pytest.approx(x.mean())
    assert found.n == 2000
    np.testing.assert_allclose([found.low, found.high], [x.mean() - half, x.mean() + half], atol=0.15 * half)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Of 400 experiments 95 % at level 0.95 and 80 % at 0.8, within three standard deviations."""
    random = np.random.default_rng(0)
    samples = random.exponential(1, (400, 200))
    for level in (0.95, 0.8):
        found = [interval(np.mean, x, seed=i, resamples=200, level=level) for i, x in enumerate(samples)]
        held = np.mean([e.low <= 1 <= e.high for e in found])
        assert abs(held - level) < 3 * math.sqrt(level * (1 - level) / 400) + 0.01


def test_resampling_does_not_move_the_interval_of_a_biased_statistic():
    """The largest of uniform numbers: every resample's is lower, and the interval still lies about the value."""
    x = np.random.default_rng(0).uniform(size=200)
    found = interval(np.max, x, seed=0)
    assert found.low < found.value < found.high


def test_two_samples_are_resampled_on_their_own():
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 1000))
    found = interval(lambda x, y: x.mean() - y.mean(), a, b[:500], seed=0)
    assert (found.high - found.low) / (2 * norm.ppf(0.975)) == pytest.approx(math.sqrt(1 / 1000 + 1 / 500), rel=0.15)
    assert found.n == 500


def test_the_same_seed_gives_the_same_interval_and_another_one_another():
    x = np.random.default_rng(0).normal(size=100)
    assert of_mean(x, seed=0) == of_mean(x, seed=0)
    assert of_mean(x, seed=0) != of_mean(x, seed=1)


def test_rows_are_flat_and_double():
    x = rows(np.ones((3, 2, 2, 1), np.float32), "images")
    assert (x.shape, x.dtype) == ((3, 4), np.float64)


def test_a_diverged_model_is_named():
    x = np.ones((4, 3))
    x[2, 1] = np.nan
    with pytest.raises(Failure, match="1 of 4 samples hold NaN or infinity, the first in row 2: the model diverged"):
        rows(x, "samples")


def test_too_few_rows_and_other_widths_are_refused():
    with pytest.raises(UserError, match="1 samples are too few: at least 2"):
        rows(np.ones((1, 3)), "samples")
    with pytest.raises(UserError, match="features have 3 numbers each, the samples 4"):
        pair(np.ones((2, 3)), np.ones((2, 4)), ("features", "samples"))
    with pytest.raises(UserError, match="same evaluator"):
        kernel_distance(np.ones((4, 3)), np.ones((4, 5)), seed=0)
