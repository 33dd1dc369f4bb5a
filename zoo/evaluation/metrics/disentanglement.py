"""Whether each factor of the data has its own code. Needs data whose factors are known (`shapes`)."""

from typing import NamedTuple

import numpy as np
from scipy.special import entr
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import mutual_info_score

from zoo.core.errors import UserError
from zoo.evaluation.metrics.bootstrap import Estimate, interval
from zoo.evaluation.metrics.rows import rows

_BINS = 20
_TREES, _DEPTH = 30, 12


class DCI(NamedTuple):
    """Each in [0, 1].

    Attributes:
      disentanglement: 1 where each code depends on one factor.
      completeness: 1 where each factor is predicted by one code.
      informativeness: held-out accuracy of factors predicted from all codes, the mean over factors.
    """

    disentanglement: float
    completeness: float
    informativeness: float


def mutual_information_gap(codes: np.ndarray, factors: np.ndarray, *, seed: int, resamples: int = 20) -> Estimate:
    """MIG of codes (N, D) and factors, whole numbers (N, F): 1 where every factor has one code, 0 where none has.

    The mean over factors of the gap in mutual information between the two codes that have most, over the factor's
    entropy. Codes are divided into 20 bins of equal width. Chen et al., arXiv 1802.04942, eq. 6.

    Errors: UserError for a single code.
    """
    codes, factors = _checked(codes, factors)
    if codes.shape[1] < 2:
        raise UserError("MIG compares the two best codes; this model has one. Train it with a larger latent.")
    binned = np.stack([np.digitize(c, np.histogram_bin_edges(c, _BINS)[1:-1]) for c in codes.T], axis=1)

    def gap(chosen: np.ndarray) -> float:
        return float(np.mean([_gap(binned[chosen], factor) for factor in factors[chosen].T]))

    return interval(gap, np.arange(len(codes)), seed=seed, resamples=resamples)


def _gap(binned: np.ndarray, factor: np.ndarray) -> float:
    shared = sorted(mutual_info_score(factor, code) for code in binned.T)
    entropy = mutual_info_score(factor, factor)
    return (shared[-1] - shared[-2]) / entropy if entropy else 0.0


def dci(codes: np.ndarray, factors: np.ndarray, *, seed: int) -> DCI:
    """Disentanglement, completeness, informativeness of codes (N, D) and factors, whole numbers (N, F).

    A random forest predicts each factor from the codes; half of the rows train it, the other half test it. Eastwood &
    Williams, ICLR 2018, section 2.
    """
    codes, factors = _checked(codes, factors)
    order = np.random.default_rng(seed).permutation(len(codes))
    train, test = order[::2], order[1::2]
    importance, accuracy = [], []
    for factor in factors.T:
        forest = RandomForestClassifier(_TREES, max_depth=_DEPTH, max_features=None, random_state=seed, n_jobs=-1)
        forest.fit(codes[train], factor[train])
        importance.append(forest.feature_importances_)
        accuracy.append(forest.score(codes[test], factor[test]))
    R = np.stack(importance, axis=1)
    return DCI(_concentration(R), _concentration(R.T), float(np.mean(accuracy)))


def _concentration(R: np.ndarray) -> float:
    """1 minus each row's entropy over its maximum, weighted by the row's sum: 1 for one entry in each row."""
    total = R.sum(axis=1)
    shares = R / np.where(total > 0, total, 1)[:, None]
    most = np.log(R.shape[1]) if R.shape[1] > 1 else 1.0
    return float((1 - entr(shares).sum(axis=1) / most) @ total / R.sum()) if R.sum() else 0.0


def _checked(codes: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = rows(codes, "codes")
    if factors.ndim != 2 or len(factors) != len(x) or factors.dtype.kind not in "iu":
        raise UserError(
            f"Factors are whole numbers (N, F), a row for each of the {len(x)} codes; received {factors.dtype} "
            f"{factors.shape}."
        )
    return x, factors
