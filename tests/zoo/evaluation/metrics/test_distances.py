"""Kernel and sliced Wasserstein distances against closed forms and scipy."""

import math
import tracemalloc

import numpy as np
import pytest
from scipy.special import gamma
from scipy.stats import wasserstein_distance
from sklearn.metrics.pairwise import polynomial_kernel

from zoo.evaluation.metrics.kernel import kernel_distance
from zoo.evaluation.metrics.sliced_wasserstein import sliced_wasserstein

RANDOM = np.random.default_rng(0)


def test_kernel_distance_of_one_block_equals_scikit_learns_kernels():
    """Two rows make a single block: every term of the estimate is there to be written out."""
    x, y = RANDOM.normal(size=(2, 2, 5))
    k = {name: polynomial_kernel(a, b, degree=3) for name, (a, b) in {"xx": (x, x), "yy": (y, y), "xy": (x, y)}.items()}
    expected = k["xx"][0, 1] + k["yy"][0, 1] - 2 * k["xy"].mean()
    assert kernel_distance(x, y, seed=0).value == pytest.approx(expected)


def test_kernel_distance_has_no_bias():
    """Of N(0, 1) and N(m, 1), by the moments of (xy + 1)³: the mean of 300 small estimates meets it."""
    m = 0.7
    first, second, third = m, 1 + m**2, m**3 + 3 * m

    def expected(a, b):
        return 1 + 3 * a[0] * b[0] + 3 * a[1] * b[1] + a[2] * b[2]

    p, q = (0, 1, 0), (first, second, third)
    true = expected(p, p) + expected(q, q) - 2 * expected(p, q)
    draws = RANDOM.normal(size=(300, 2, 60, 1))
    found = np.array([kernel_distance(a, b + m, seed=0).value for a, b in draws])
    assert abs(found.mean() - true) < 3 * found.std() / math.sqrt(300)


def test_kernel_distance_of_like_sets_is_nought_and_its_interval_holds_it():
    draws = RANDOM.normal(size=(100, 2, 400, 8))
    found = [kernel_distance(a, b, seed=i) for i, (a, b) in enumerate(draws)]
    assert min(e.value for e in found) < 0
    assert np.mean([e.low <= 0 <= e.high for e in found]) > 0.8


def test_kernel_distance_of_many_rows_takes_blocks_of_a_thousand():
    """Memory is flat: blocks of more would take 16 times that of 1,000 rows and more."""
    peaks = []
    for n in (10_000, 30_000):
        a, b = RANDOM.normal(size=(2, n, 2))
        tracemalloc.start()
        found = kernel_distance(a, b, seed=0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found.n == n
    assert peaks[1] < 1.2 * peaks[0]


def test_sliced_wasserstein_of_one_dimension_is_scipys():
    for n, m in ((200, 200), (200, 331), (7, 500)):
        x, y = RANDOM.normal(size=n), RANDOM.exponential(size=m)
        found = sliced_wasserstein(x[:, None], y[:, None], seed=0, directions=3, resamples=5)
        assert found.value == pytest.approx(wasserstein_distance(x, y))
        assert found.n == min(n, m)


def test_sliced_wasserstein_of_a_shift_is_its_mean_shadow():
    """|⟨θ, δ⟩| over all directions: |δ| Γ(D/2) / (√π Γ((D + 1)/2))."""
    x, shift = RANDOM.normal(size=(100, 6)), np.array([1.0, 2, 0, -1, 0, 3])
    expected = np.linalg.norm(shift) * gamma(3) / (math.sqrt(math.pi) * gamma(3.5))
    found = sliced_wasserstein(x, x + shift, seed=0, directions=4000, resamples=2)
    assert found.value == pytest.approx(expected, rel=0.03)


def test_sliced_wasserstein_is_as_certain_as_its_resamples():
    """The interval is that of resampled rows, sorted anew: here without the short cut."""
    x, y = RANDOM.normal(size=(80, 1)), RANDOM.normal(1, 2, size=(50, 1))
    found = sliced_wasserstein(x, y, seed=3, directions=1, resamples=400)
    draws = [wasserstein_distance(RANDOM.choice(x[:, 0], 80), RANDOM.choice(y[:, 0], 50)) for _ in range(400)]
    assert found.high - found.low == pytest.approx(np.subtract(*np.quantile(draws, (0.975, 0.025))), rel=0.2)


@pytest.mark.parametrize("distance", [kernel_distance, sliced_wasserstein])
def test_distances_grow_with_the_shift(distance):
    a, b = RANDOM.normal(size=(2, 500, 10))
    values = [distance(a, b + shift, seed=0).value for shift in (0, 0.3, 0.6, 1.2)]
    assert values == sorted(values)
