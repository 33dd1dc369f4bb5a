"""How good and how varied samples are, told apart by k nearest neighbours among features.

A set's manifold is the union of balls about its points, each as wide as the way to its point's k-th neighbour.
"""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

from zoo.core.errors import UserError
from zoo.evaluation.metrics.bootstrap import Estimate, of_mean
from zoo.evaluation.metrics.rows import pair


class PrecisionRecall(NamedTuple):
    """Shares in [0, 1]: of the fakes that look real, and of the real ones that the fakes look like."""

    precision: Estimate
    recall: Estimate


class DensityCoverage(NamedTuple):
    """`density`, 1 for the data itself, may exceed 1; `coverage` in [0, 1]."""

    density: Estimate
    coverage: Estimate


def precision_recall(real: np.ndarray, fake: np.ndarray, *, seed: int, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall of features (N, D) and (M, D). Kynkäänniemi et al., arXiv 1904.06991, eq. 1.

    The intervals are over the points that are judged; the manifold that judges them stays. Errors: UserError for k
    points or fewer, and as `zoo.evaluation.metrics.rows.pair`.
    """
    real, fake = pair(real, fake, ("real features", "features of samples"))
    inside, _ = _balls(fake, real, k)
    covered, _ = _balls(real, fake, k)
    return PrecisionRecall(of_mean(inside > 0, seed=seed), of_mean(covered > 0, seed=seed))


def density_coverage(real: np.ndarray, fake: np.ndarray, *, seed: int, k: int = 5) -> DensityCoverage:
    """Density and coverage of features (N, D) and (M, D). Naeem et al., arXiv 2002.09797, eq. 4 and 5.

    Intervals and errors as of `precision_recall`.
    """
    real, fake = pair(real, fake, ("real features", "features of samples"))
    balls, occupied = _balls(fake, real, k)
    return DensityCoverage(of_mean(balls / k, seed=seed), of_mean(occupied, seed=seed))


def _balls(points: np.ndarray, centres: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """In how many balls about the centres each point lies, and which balls hold a point. Memory is flat in n."""
    if len(centres) <= k:
        raise UserError(f"{len(centres)} examples have no {k} neighbours each. Take at least {k + 1}.")
    radii = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(centres).kneighbors()[0][:, -1]
    counts, occupied = [], np.zeros(len(centres), bool)
    for distances in pairwise_distances_chunked(points, centres, working_memory=64):
        within = distances <= radii
        counts.append(within.sum(axis=1))
        occupied |= within.any(axis=0)
    return np.concatenate(counts), occupied
