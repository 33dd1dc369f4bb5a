"""The uncertainty of a fit: standard errors of the coefficients, and predictions for held-out masks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STANDARD_ERRORS_95 = 1.96
"""Half the width of a 95 % interval, in standard errors."""


@dataclass(frozen=True)
class Uncertainty:
    """The uncertainty of one fit.

    Attributes:
      errors: (K,) standard errors of the coefficients, over random masks.
      left_out: (n,) the prediction of each row by the fit to all other rows.
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
    residuals have components that cancel. Left-out predictions by the leverage hᵢ of each row,
    ŷ₋ᵢ = yᵢ − (yᵢ − ŷᵢ)/(1 − hᵢ), which is exact for ridge regression.
    """
    z = np.concatenate([masks, np.ones((len(masks), 1))], axis=1)
    weighted = weights[:, None] * z
    bread = weighted.T @ z
    bread.flat[: -1 : len(bread) + 1] += penalty  # not for the intercept
    bread = np.linalg.inv(bread)
    residuals = values - predictions
    leverage = np.minimum(np.einsum("ij,ij->i", z @ bread, weighted), 1 - 1e-9)
    scores = weighted * (residuals / (1 - leverage))[:, None]
    if pairs:
        even = len(scores) - (len(scores) - 1) % 2
        scores = np.concatenate([scores[:1], scores[1:even:2] + scores[2:even:2], scores[even:]])
    influence = scores @ bread[:, :-1]
    return Uncertainty(np.sqrt((influence**2).sum(0)), values - residuals / (1 - leverage))
