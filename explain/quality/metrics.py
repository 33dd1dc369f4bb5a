"""Quality metrics of an explanation: faithfulness, stability and sanity. They need more evaluations of the model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

TOP = 5
"""The number of strongest parts that stability compares."""


@dataclass(frozen=True)
class Quality:
    """How faithful, stable and sane an explanation is.

    Attributes:
      deletion: mean target while parts are masked, the one with the largest coefficient first; low is good.
      insertion: mean target while parts are restored in that order; high is good.
      random_order: mean target along random orders; the expected value of both curves by chance.
      order: share of the random orders with a lower deletion curve: 0 is good, about .5 is no better than chance.
      infidelity: squared error of the change that the coefficients predict for new masks, relative to the squared
        change (Yeh et al., arXiv 1901.09392): 0 is perfect, 1 is no better than coefficients of 0.
      vsi: agreement of the strongest parts over seeds, in [0, 1] (Visani et al., arXiv 2001.11757).
      sanity: mean rank correlation with explanations of the same network with shuffled weights; should be near 0
        (Adebayo et al., arXiv 1810.03292). None if the weights are not accessible.
      evaluations: inputs sent to the model for these metrics.
    """

    deletion: float
    insertion: float
    random_order: float
    order: float
    infidelity: float
    vsi: float
    sanity: float | None
    evaluations: int


def curve_masks(orders: NDArray[np.int64], parts: int) -> NDArray[np.bool_]:
    """Orders of parts (R, L) -> masks (R, L + 1, K): step j masks the first j parts of an order."""
    ranks = np.full((len(orders), parts), orders.shape[1])
    np.put_along_axis(ranks, orders, np.arange(orders.shape[1])[None], axis=1)
    return ranks[:, None, :] >= np.arange(orders.shape[1] + 1)[None, :, None]


def area(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Curves (..., L + 1) over equal steps -> their mean (...), by the trapezoidal rule."""
    return np.asarray(np.trapezoid(values, axis=-1) / (values.shape[-1] - 1))


def infidelity(
    masks: NDArray[np.bool_], values: NDArray[np.float64], f_x: float, coefficients: NDArray[np.float64]
) -> float:
    """Masks z (n, K), values (n,) -> E[(Σ masked coefficients − (f(x) − f(z)))²] / E[(f(x) − f(z))²]; NaN for 0/0."""
    change = f_x - values
    predicted = (~masks) @ coefficients
    scale = np.mean(change**2)
    return float(np.mean((predicted - change) ** 2) / scale) if scale else float("nan")


def stability(strongest: list[list[int]]) -> float:
    """Strongest parts of each run -> mean share that two runs have in common; 1 for two runs without any."""
    pairs = [(a, b) for i, a in enumerate(strongest) for b in strongest[:i]]
    return float(np.mean([len(set(a) & set(b)) / max(len(a), len(b), 1) if a or b else 1.0 for a, b in pairs]))


def spearman(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Spearman's rank correlation of two vectors of coefficients, in [-1, 1]; 0 if one is constant."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(spearmanr(a, b).statistic)
