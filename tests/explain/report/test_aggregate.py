"""The mean of several explanations."""

import dataclasses

import numpy as np
import pytest

from explain import RequestError, aggregate
from explain.report import pictures


def test_an_aggregate_is_the_mean_effect_and_the_mean_strength(found):
    opposite = dataclasses.replace(found, coefficients=-found.coefficients)
    mean = aggregate([found, opposite])
    np.testing.assert_allclose(mean.effect, 0, atol=1e-15)
    np.testing.assert_array_equal(mean.strength, np.abs(found.coefficients))
    assert (mean.count, mean.trusted) == (2, 2)
    assert pictures.aggregated(mean).startswith(b"\x89PNG")
    with pytest.raises(RequestError, match="nothing to compare"):
        aggregate([])
