"""How sure a fit is: errors of the coefficients, and the prediction of masks that it has not seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 1.96
"""Standard errors either side: an interval of 95 %."""


@dataclass(frozen=True)
class Inference:
    """What one fit knows of itself.

    Attributes:
      errors: (K,) standard errors of the coefficients over other draws of the masks.
      left_out: (n,) each row's value as the fit of all other rows predicts it.
    """

    errors: NDArray[np.float64]
    left_out: NDArray[np.float64]


def infer(
    masks: NDArray[np.bool_],
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    predictions: NDArray[np.float64],
    penalty: float,
    pairs: bool,
) -> Inference:
    """Masks (n, K); values, weights and their ridge fit's predictions (n,) -> its inference.

    Errors by the sandwich of White (Econometrica 48, 1980), for the target's bend is no independent noise; `pairs` sums
    a mask and its complement first, whose residuals share what the design cancels. Left out by the leverage of each
    row: ŷ₋ᵢ = yᵢ − (yᵢ − ŷᵢ)/(1 − hᵢ), exact for ridge.
    """
    z = np.concatenate([masks, np.ones((len(masks), 1))], axis=1)
    weighted = weights[:, None] * z
    bread = weighted.T @ z
    bread.flat[: -1 : len(bread) + 1] += penalty  # of all but the intercept
    bread = np.linalg.inv(bread)
    residuals = values - predictions
    leverage = np.minimum(np.einsum("ij,ij->i", z @ bread, weighted), 1 - 1e-9)
    scores = weighted * (residuals / (1 - leverage))[:, None]
    if pairs:
        even = len(scores) - (len(scores) - 1) % 2
        scores = np.concatenate([scores[:1], scores[1:even:2] + scores[2:even:2], scores[even:]])
    spread = scores @ bread[:, :-1]
    return Inference(np.sqrt((spread**2).sum(0)), values - residuals / (1 - leverage))
