"""The quality and the variety of samples, separately, by k nearest neighbours of features.

A set's manifold is the union of balls around its points, each with the distance to the k-th neighbour as its radius.
"""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

from zoo.core.errors import UserError
from zoo.evaluation.metrics.bootstrap import Estimate, of_mean
from zoo.evaluation.metrics.rows import pair


class PrecisionRecall(NamedTuple):
    """Shares in [0, 1]: of samples within the real manifold, and of real examples within the samples' manifold."""

    precision: Estimate
    recall: Estimate


class DensityCoverage(NamedTuple):
    """`density`, 1 for the data itself, may exceed 1; `coverage` in [0, 1]."""

    density: Estimate
    coverage: Estimate


def precision_recall(real: np.ndarray, fake: np.ndarray, *, seed: int, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall of features (N, D) and (M, D). Kynkäänniemi et al., arXiv 1904.06991, eq. 1.

    The intervals are over the points; the manifold stays the same. Errors: UserError for k
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
    """In how many balls around the centres each point lies, and which balls contain a point. Memory is flat in n."""
    if len(centres) <= k:
        raise UserError(f"{len(centres)} examples have no {k} neighbours each. Take at least {k + 1}.")
    radii = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(centres).kneighbors()[0][:, -1]
    counts, occupied = [], np.zeros(len(centres), bool)
    for distances in pairwise_distances_chunked(points, centres, working_memory=64):
        within = distances <= radii
        counts.append(within.sum(axis=1))
        occupied |= within.any(axis=0)
    return np.concatenate(counts), occupied
