"""Random and balanced masks."""

import numpy as np
import pytest

from explain.fit import engines
from explain.fit.masks import DESIGNS, balanced, independent, replicate_rows


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 8, 49])
def test_a_replicate_is_orthogonal_with_each_row_followed_by_its_complement(parts):
    rows = replicate_rows(parts)
    masks = balanced(1 + 3 * rows, parts, 5)
    assert masks[0].all()
    for first in range(1, len(masks), rows):
        replicate = masks[first : first + rows]
        signs = 2.0 * replicate - 1
        np.testing.assert_array_equal(signs.T @ signs, rows * np.eye(parts))
        np.testing.assert_array_equal(replicate[1::2], ~replicate[::2])
    assert rows >= 2 * (parts + 1), "an intercept and K coefficients fit a replicate without its complements"


@pytest.mark.parametrize("design", DESIGNS.values())
def test_masks_depend_on_the_seed_alone_and_are_read_only(design):
    masks = design(130, 9, 1)
    np.testing.assert_array_equal(masks, design.__wrapped__(130, 9, 1))
    assert (masks != design(130, 9, 2)).any()
    with pytest.raises(ValueError, match="read-only"):
        masks[0, 0] = False


def test_interactions_of_two_parts_do_not_bias_single_coefficients():
    """With the weights all one, fold-over makes a pure interaction orthogonal to every part."""
    masks = balanced(1 + 16, 5, 0)[1:]
    signs = 2.0 * masks - 1
    fit = engines.fast(masks, signs[:, 1] * signs[:, 3], np.zeros(16), np.ones_like, 1e-12)
    np.testing.assert_allclose(fit.coefficients, 0, atol=1e-12)
    coins = independent(17, 5, 0)[1:]
    signs = 2.0 * coins - 1
    fit = engines.fast(coins, signs[:, 1] * signs[:, 3], np.zeros(16), np.ones_like, 1e-12)
    assert np.abs(fit.coefficients).max() > 0.1, "coins of the same number are disturbed"


def test_independent_masks_keep_half_of_the_parts_after_a_row_that_keeps_all():
    masks = independent(20_000, 10, 0)
    assert masks[0].all()
    np.testing.assert_allclose(masks.mean(axis=0), 0.5, atol=0.02)
    correlation = np.corrcoef(masks.T) - np.eye(10)
    assert np.abs(correlation).max() < 0.04
