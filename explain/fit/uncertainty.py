"""The uncertainty of a fit: standard errors of the coefficients, and predictions for held-out masks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STANDARD_ERRORS_95 = 1.96
"""Half the width of a 95 % interval, in standard errors."""


SINGULAR = 1e-9
"""Least value of 1 − hᵢ and of the determinant of I − H_PP: rows without which the fit is not determined."""


@dataclass(frozen=True)
class Uncertainty:
    """The uncertainty of one fit.

    Attributes:
      errors: (K,) standard errors of the coefficients, over random masks.
      left_out: (n,) the prediction of each row by a fit without it, and without its complement if rows are pairs.
    """

    errors: NDArray[np.float64]
    left_out: NDArray[np.float64]


def estimate(
    masks: NDArray[np.bool_],
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    predictions: NDArray[np.float64],
    penalty: float,
    pairs: bool,
) -> Uncertainty:
    """Masks (n, K); values, weights and predictions (n,) of their ridge fit -> its uncertainty.

    Standard errors by the sandwich estimator of White (Econometrica 48, 1980), because the residuals come from the
    target's nonlinearity and not from independent noise. `pairs` adds up a mask and its complement first: their
    residuals have components that cancel. Predictions leave out a group P, which is a row or such a pair:
    ŷ₋P = y_P − (I − H_PP)⁻¹(y_P − ŷ_P) with the hat matrix H, which is exact for ridge regression.
    """
    z = np.concatenate([masks, np.ones((len(masks), 1))], axis=1)
    weighted = weights[:, None] * z
    bread = weighted.T @ z
    bread.flat[: -1 : len(bread) + 1] += penalty  # not for the intercept
    bread = np.linalg.inv(bread)
    residuals, hat = values - predictions, z @ bread
    free = np.maximum(1 - np.einsum("ij,ij->i", hat, weighted), SINGULAR)
    left_out = residuals / free
    scores = weighted * left_out[:, None]
    if pairs:
        even = len(scores) - (len(scores) - 1) % 2
        first, second = slice(1, even, 2), slice(2, even, 2)
        scores = np.concatenate([scores[:1], scores[first] + scores[second], scores[even:]])
        cross = np.einsum("ij,ij->i", hat[first], weighted[second]), np.einsum("ij,ij->i", hat[second], weighted[first])
        determinant = np.maximum(free[first] * free[second] - cross[0] * cross[1], SINGULAR)
        left_out[first], left_out[second] = (
            (free[second] * residuals[first] + cross[0] * residuals[second]) / determinant,
            (free[first] * residuals[second] + cross[1] * residuals[first]) / determinant,
        )
    influence = scores @ bread[:, :-1]
    return Uncertainty(np.sqrt((influence**2).sum(0)), values - left_out)
