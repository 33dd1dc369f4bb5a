"""Is it true? Measures of an explanation that take evaluations of their own. (Its fit, R², comes without.)"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

TOP = 5
"""Parts whose being named again makes an explanation stable."""


@dataclass(frozen=True)
class Quality:
    """How faithful, stable and sane an explanation is.

    Attributes:
      deletion: mean target while the parts are hidden, the one that raises it most first; low is good.
      insertion: mean target while they appear in that order; high is good.
      random_order: mean target along random orders, of which both curves have the same.
      order: share of the random orders that hide faster: 0 is good, about .5 is no better than chance.
      infidelity: squared error of the change that the coefficients foretell on fresh masks, relative to the change
        (Yeh et al., arXiv 1901.09392): 0 is perfect, 1 as good as nothing.
      vsi: agreement over seeds of the strongest parts, in [0, 1] (Visani et al., arXiv 2001.11757).
      sanity: mean rank correlation with the explanations of the same network with shuffled weights, which should be
        near 0 (Adebayo et al., arXiv 1810.03292); None where there are no weights to shuffle.
      evaluations: inputs sent to the model for all this.
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
    """Orders of hiding (R, L) -> masks (R, L + 1, K): step j hides the first j parts of an order."""
    ranks = np.full((len(orders), parts), orders.shape[1])
    np.put_along_axis(ranks, orders, np.arange(orders.shape[1])[None], axis=1)
    return ranks[:, None, :] >= np.arange(orders.shape[1] + 1)[None, :, None]


def area(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Curves (..., L + 1) over equal steps -> the mean under each, by trapezia."""
    return np.trapezoid(values, axis=-1) / (values.shape[-1] - 1)


def infidelity(
    masks: NDArray[np.bool_], values: NDArray[np.float64], f_x: float, coefficients: NDArray[np.float64]
) -> float:
    """Masks (n, K), their values (n,): E[(Σ hidden coefficients − (f(x) − f(z)))²] / E[(f(x) − f(z))²]; NaN for 0/0."""
    change = f_x - values
    foretold = (~masks) @ coefficients
    scale = np.mean(change**2)
    return float(np.mean((foretold - change) ** 2) / scale) if scale else float("nan")


def stability(strongest: list[list[int]]) -> float:
    """The strongest parts of each run -> the mean share that two runs name both; 1 for runs without any."""
    pairs = [(a, b) for i, a in enumerate(strongest) for b in strongest[:i]]
    return float(np.mean([len(set(a) & set(b)) / max(len(a), len(b), 1) if a or b else 1.0 for a, b in pairs]))


def rank_correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Spearman's, of two explanations' coefficients over the same parts; 0 where one is constant."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(spearmanr(a, b).statistic)
