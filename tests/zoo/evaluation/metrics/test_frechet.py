"""The Fréchet distance against closed forms, scipy, and its own order in 1/n."""

import numpy as np
import pytest
import scipy.linalg

from zoo.core.errors import Failure
from zoo.evaluation.metrics.frechet import FeatureMoments, frechet_distance, frechet_unbiased

RANDOM = np.random.default_rng(0)


def moments(x):
    return FeatureMoments().add(x)


def two_normals(dimensions):
    """Means and covariances of two different normal distributions, and their distance by scipy's square root."""
    mu = RANDOM.normal(size=(2, dimensions)) * 0.1
    roots = RANDOM.normal(size=(2, dimensions, dimensions)) / np.sqrt(dimensions)
    A, B = (r @ r.T + 0.1 * np.eye(dimensions) for r in roots)
    cross = np.trace(scipy.linalg.sqrtm(A @ B)).real
    return mu, (A, B), np.square(mu[0] - mu[1]).sum() + np.trace(A) + np.trace(B) - 2 * cross


def test_moments_in_batches_equal_numpys():
    x = RANDOM.normal(5, 2, (1000, 7))
    m = FeatureMoments()
    for batch in np.split(x, [1, 3, 400, 999]):
        m = m.add(batch)
    assert m.n == 1000
    np.testing.assert_allclose(m.mean, x.mean(axis=0))
    np.testing.assert_allclose(m.covariance, np.cov(x.T), rtol=1e-10)


def test_moments_stay_exact_far_from_zero():
    """The sum of squares less the square of the sum would lose every digit here."""
    x = 1e8 + RANDOM.normal(size=(400, 3))
    m = moments(x[:150]).add(x[150:])
    np.testing.assert_allclose(m.covariance, np.cov(x.T - 1e8), rtol=1e-6)


@pytest.mark.parametrize("dimensions", [1, 5, 64])
def test_it_equals_scipys(dimensions):
    mu, (A, B), true = two_normals(dimensions)
    n = 10
    a, b = (FeatureMoments(n, m, C * (n - 1)) for m, C in zip(mu, (A, B), strict=True))
    assert frechet_distance(a, b) == pytest.approx(true)
    assert frechet_distance(b, a) == pytest.approx(true)


def test_of_one_dimension_it_is_the_difference_of_means_and_deviations():
    x, y = RANDOM.normal(0, 1, (500, 1)), RANDOM.normal(2, 3, (700, 1))
    expected = (x.mean() - y.mean()) ** 2 + (x.std(ddof=1) - y.std(ddof=1)) ** 2
    assert frechet_distance(moments(x), moments(y)) == pytest.approx(expected)


def test_it_stays_what_it_is_when_both_are_turned_and_moved():
    x, y = RANDOM.normal(size=(2, 300, 6)) * [[[1]], [[2]]]
    turn = np.linalg.qr(RANDOM.normal(size=(6, 6)))[0]
    assert frechet_distance(moments(x @ turn + 3), moments(y @ turn + 3)) == pytest.approx(
        frechet_distance(moments(x), moments(y))
    )


def test_with_fewer_rows_than_dimensions_it_is_exact():
    """Covariances of rank 9 in 64 dimensions: equal sets are at 0, moved ones at the square of the way."""
    x = RANDOM.normal(size=(10, 64))
    assert frechet_distance(moments(x), moments(x)) == pytest.approx(0, abs=1e-10)
    assert frechet_distance(moments(x), moments(x + 0.5)) == pytest.approx(64 * 0.25)
    assert frechet_distance(moments(x), moments(np.zeros((10, 64)))) == pytest.approx(
        np.square(x.mean(axis=0)).sum() + np.var(x, axis=0, ddof=1).sum()
    )


@pytest.fixture(scope="module")
def experiments():
    """Of two normals in 16 dimensions: the true distance; at 100 and 400 rows, 400 plain and 40 unbiased estimates."""
    mu, covariances, true = two_normals(16)
    found = {}
    for n in (100, 400):
        a, b = (RANDOM.multivariate_normal(m, C, (400, n)) for m, C in zip(mu, covariances, strict=True))
        plain = [frechet_distance(moments(x), moments(y)) for x, y in zip(a, b, strict=True)]
        found[n] = plain, [frechet_unbiased(a[i], b[i], seed=i, resamples=40) for i in range(40)]
    return true, found


def test_extrapolation_takes_the_bias_away(experiments):
    true, found = experiments
    for n in (100, 400):
        plain, unbiased = found[n]
        values = np.array([e.value for e in unbiased])
        error = values.std() / np.sqrt(len(values))
        assert np.mean(plain) - true > 3 * error, "the plain distance is too large"
        assert abs(values.mean() - true) < 0.15 * (np.mean(plain) - true) + 3 * error
        assert unbiased[0].n == n


def test_the_plain_bias_is_of_order_one_over_n(experiments):
    true, found = experiments
    assert (np.mean(found[100][0]) - true) / (np.mean(found[400][0]) - true) == pytest.approx(4, rel=0.25)


def test_the_interval_holds_the_truth(experiments):
    """Of 80 experiments at least 87 %, where 95 % are expected; and it is not much wider than it must be."""
    true, found = experiments
    for n in (100, 400):
        unbiased = found[n][1]
        assert np.mean([e.low <= true <= e.high for e in unbiased]) > 0.87
        spread = np.std([e.value for e in unbiased])
        assert np.mean([e.high - e.low for e in unbiased]) / (2 * 1.96 * spread) < 1.8


def test_like_sets_are_at_nought():
    x = RANDOM.normal(size=(2000, 16))
    found = frechet_unbiased(x[:1000], x[1000:], seed=0)
    assert found.low < 0 < found.high
    assert frechet_distance(moments(x[:1000]), moments(x[1000:])) > found.high


def test_rows_of_one_example_are_drawn_together():
    """Videos whose frames are all alike tell no more than one frame of each: the interval is as wide."""
    frames = RANDOM.normal(size=(2, 300, 4))
    single = frechet_unbiased(frames[0], frames[1], seed=0)
    videos = frechet_unbiased(*np.repeat(frames[:, :, None], 6, axis=2), seed=0)
    assert videos.n == 300
    assert videos.high - videos.low == pytest.approx(single.high - single.low, rel=0.1)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_handful_of_rows_gives_a_number(n):
    a, b = RANDOM.normal(size=(2, n, 8))
    found = frechet_unbiased(a, b, seed=0)
    assert np.isfinite(found).all()
    assert found.n == n


def test_samples_of_a_diverged_model_are_named():
    x = np.full((5, 3), np.inf)
    with pytest.raises(Failure, match="diverged"):
        FeatureMoments().add(x)
