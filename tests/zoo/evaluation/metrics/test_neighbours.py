"""Precision, recall, density, coverage and memorisation against all distances written out."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import mannwhitneyu

from zoo.core.errors import UserError
from zoo.evaluation.metrics.memorisation import memorisation
from zoo.evaluation.metrics.precision_recall import density_coverage, precision_recall

RANDOM = np.random.default_rng(0)
REAL, FAKE = RANDOM.normal(size=(300, 4)), RANDOM.normal(0.5, 1.3, size=(200, 4))


def radii(x, k):
    return np.sort(cdist(x, x), axis=1)[:, k]


@pytest.mark.parametrize("k", [1, 3, 5])
def test_they_equal_all_distances_written_out(k):
    between = cdist(REAL, FAKE)
    in_real = between <= radii(REAL, k)[:, None]
    shares, dense = precision_recall(REAL, FAKE, seed=0, k=k), density_coverage(REAL, FAKE, seed=0, k=k)
    assert shares.precision.value == pytest.approx(in_real.any(axis=0).mean())
    assert shares.recall.value == pytest.approx((between <= radii(FAKE, k)).any(axis=1).mean())
    assert dense.density.value == pytest.approx(in_real.sum() / (k * 200))
    assert dense.coverage.value == pytest.approx(in_real.any(axis=1).mean())
    assert (shares.precision.n, shares.recall.n) == (200, 300)


def test_density_of_the_same_distribution_is_one_and_coverage_its_expectation():
    """Naeem et al., lemma 2: E coverage = 1 - ((M-1)...(M-k)) / ((2M-1)...(2M-k)) for as many real as fake, M."""
    a, b = RANDOM.normal(size=(2, 2000, 8))
    found = density_coverage(a, b, seed=0)
    assert found.density.low < 1 < found.density.high
    steps = np.arange(1, 6)
    expected = 1 - np.prod((2000 - steps) / (4000 - steps))
    assert found.coverage.value == pytest.approx(expected, abs=0.02)


def test_precision_sees_quality_and_recall_variety():
    narrow, wide = RANDOM.normal(0, 0.3, (300, 4)), RANDOM.normal(0, 3, (300, 4))
    few, many = precision_recall(REAL, narrow, seed=0), precision_recall(REAL, wide, seed=0)
    assert few.precision.low > many.precision.high
    assert few.recall.high < many.recall.low


def test_large_sets_are_judged_in_chunks():
    """Enough rows that the distances do not fit one chunk; the shares are those of the whole."""
    a, b = RANDOM.normal(size=(2, 4000, 3))
    found = precision_recall(a, b, seed=0)
    inside = cdist(b, a) <= radii(a, 3)
    assert found.precision.value == pytest.approx(inside.any(axis=1).mean())


def test_too_few_neighbours_are_refused():
    with pytest.raises(UserError, match="3 examples have no 3 neighbours each"):
        precision_recall(REAL[:3], FAKE, seed=0)


def test_the_nearest_training_example_is_found():
    fakes = REAL[[7, 3, 250]] + 1e-3
    found = memorisation(REAL, RANDOM.normal(size=(100, 4)), fakes, seed=0)
    assert found.nearest.tolist() == [7, 3, 250]
    np.testing.assert_allclose(found.distances, 2e-3, rtol=1e-6)


def test_closer_is_mann_and_whitneys():
    held = RANDOM.normal(size=(120, 4))
    found = memorisation(REAL, held, FAKE, seed=0)
    distances = [cdist(x, REAL).min(axis=1) for x in (FAKE, held)]
    assert found.closer.value == pytest.approx(1 - mannwhitneyu(*distances).statistic / (200 * 120))


def test_fresh_samples_copies_and_noise_are_told_apart():
    held, fresh = RANDOM.normal(size=(2, 400, 4))
    honest = memorisation(REAL, held, fresh, seed=0)
    assert honest.closer.low < 0.5 < honest.closer.high
    assert honest.copies.value < 0.04
    half = np.concatenate([REAL[:150] + 1e-6, fresh[:150]])
    copied = memorisation(REAL, held, half, seed=0)
    assert copied.closer.low > 0.7
    assert copied.copies.value == pytest.approx(0.5, abs=0.03)
    assert memorisation(REAL, held, fresh + 10, seed=0).closer.value == 0
    assert memorisation(REAL, held, REAL, seed=0).closer.value == 1
