"""Measures of an explanation against closed forms."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from explain import Function, Map, columns, explain
from explain.quality import metrics


def test_curves_hide_one_part_after_another():
    masks = metrics.curve_masks(np.array([[2, 0, 1]]), 4)
    expected = [[1, 1, 1, 1], [1, 1, 0, 1], [0, 1, 0, 1], [0, 0, 0, 1]]
    np.testing.assert_array_equal(masks[0], np.array(expected, bool))


def test_the_area_is_that_of_trapezia():
    assert metrics.area(np.array([4.0, 2.0, 0.0])) == 2.0
    np.testing.assert_allclose(metrics.area(np.array([[1.0, 1.0], [0.0, 3.0]])), [1.0, 1.5])


def test_infidelity_is_0_for_the_truth_and_1_for_nothing():
    weights = np.array([1.0, -2.0, 3.0])
    masks = np.random.default_rng(0).random((50, 3)) < 0.5
    values = masks @ weights + 7
    assert metrics.infidelity(masks, values, weights.sum() + 7, weights) == pytest.approx(0, abs=1e-15)
    assert metrics.infidelity(masks, values, weights.sum() + 7, 0 * weights) == pytest.approx(1)
    assert np.isnan(metrics.infidelity(masks, 0 * values, 0.0, weights))


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([[1, 2], [1, 2]], 1.0),
        ([[1, 2], [2, 3]], 0.5),
        ([[1, 2], [2, 1], [3, 4]], 1 / 3),
        ([[], []], 1.0),
        ([[], [1]], 0.0),
    ],
)
def test_stability_is_the_share_of_parts_that_two_runs_name(runs, expected):
    assert metrics.stability(runs) == pytest.approx(expected)


def test_rank_correlation_is_spearmans():
    a, b = np.random.default_rng(0).random((2, 9))
    assert metrics.spearman(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert metrics.spearman(a, np.exp(a)) == pytest.approx(1)
    assert metrics.spearman(a, 0 * b) == 0


def test_a_linear_model_has_the_curves_of_its_sorted_weights():
    weights = np.array([3.0, -1.0, 0.5, -4.0, 2.0])
    found = explain(
        Function(lambda z: z @ weights), np.ones(5, np.float32), map=columns(np.ones(5)), quality=True, alpha=1e-12
    )
    q = found.quality
    falling = np.sort(weights)[::-1]
    hidden = weights.sum() - np.concatenate([[0], np.cumsum(falling)])
    assert q.deletion == pytest.approx(metrics.area(hidden), abs=1e-6)
    assert q.insertion == pytest.approx(metrics.area(np.concatenate([[0], np.cumsum(falling)])), abs=1e-6)
    assert q.random_order == pytest.approx(weights.sum() / 2, abs=2)
    assert q.deletion < q.random_order < q.insertion
    assert (q.order, q.vsi) == (0.0, 1.0)
    assert q.infidelity < 1e-9
    assert q.sanity is None, "a function has no weights to shuffle"


def test_coefficients_of_a_pure_interaction_are_no_better_than_chance():
    """Parity of four parts beside a constant: the parts mean nothing by themselves."""
    f = Function(lambda z: np.prod(2 * z - 1, axis=1))
    found = explain(f, np.ones(4, np.float32), map=Map(np.arange(4)), quality=True)
    assert found.r2_held_out < 0.1
    assert found.quality.infidelity > 0.5


def test_what_quality_costs_is_counted_apart():
    calls = []
    f = Function(lambda z: calls.append(len(z)) or z.sum(1).astype(float))
    plain = explain(f, np.ones(6, np.float32))
    calls.clear()
    measured = explain(f, np.ones(6, np.float32), quality=True)
    assert measured.evaluations == plain.evaluations
    assert sum(calls) == measured.evaluations + measured.quality.evaluations
    np.testing.assert_array_equal(measured.coefficients, plain.coefficients)
