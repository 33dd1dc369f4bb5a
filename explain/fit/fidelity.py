"""Local fidelity: how well the surrogate describes the target on the perturbed inputs."""

import numpy as np
from numpy.typing import NDArray

CONSTANT = 1e-6
"""A target that varies by less than this, relative to its largest value, is constant up to float32 rounding."""

SATURATION_LIMITS = 0.01, 0.99
"""Outside these limits a probability is saturated: it no longer shows what changes it."""


def weighted_r2(values: NDArray[np.float64], predictions: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """1 − Σw(y − ŷ)²/Σw(y − ȳ)², all (n,); NaN for constant values, which any model would fit perfectly."""
    if np.ptp(values) <= CONSTANT * np.abs(values).max():
        return float("nan")
    mean = np.average(values, weights=weights)
    return float(1 - np.sum(weights * (values - predictions) ** 2) / np.sum(weights * (values - mean) ** 2))


def saturation(values: NDArray[np.float64]) -> float:
    """The share of probabilities (n,) outside SATURATION_LIMITS."""
    return float(np.mean((values < SATURATION_LIMITS[0]) | (values > SATURATION_LIMITS[1])))
