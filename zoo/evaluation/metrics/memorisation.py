"""Whether samples are copies of the training data: how near they lie to it, compared with held-out data.

The two-sample test of Meehan, Chaudhuri & Dasgupta, arXiv 2004.05675, in one cell.
"""

from typing import NamedTuple

import numpy as np
from sklearn.neighbors import NearestNeighbors

from zoo.evaluation.metrics.bootstrap import Estimate, interval, of_mean
from zoo.evaluation.metrics.rows import pair

_NEAR = 0.01
"""The share of held-out examples that lie as near to the training data as a copy, by definition."""


class Memorisation(NamedTuple):
    """How near samples lie to the training data.

    Attributes:
      closer: the probability that a sample lies nearer to the training data than a held-out example does: 0.5 where
        both are alike, towards 1 for copies, towards 0 for samples that are far from everything.
      copies: the share of samples nearer than 99 % of the held-out examples: about 0.01 where both are alike.
      nearest: the row of each sample's nearest training example, int64 (M,).
      distances: to it, Euclidean, (M,).
    """

    closer: Estimate
    copies: Estimate
    nearest: np.ndarray
    distances: np.ndarray


def memorisation(train: np.ndarray, test: np.ndarray, fake: np.ndarray, *, seed: int) -> Memorisation:
    """Compares training examples (N, ...), held-out ones (K, ...) and samples (M, ...), as pixels or features.

    Errors: as `zoo.evaluation.metrics.rows.pair`.
    """
    known, held = pair(train, test, ("training examples", "held-out examples"))
    _, made = pair(train, fake, ("training examples", "samples"))
    neighbours = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(known)
    (usual, _), (distances, nearest) = (neighbours.kneighbors(x) for x in (held, made))
    usual, distances, nearest = usual[:, 0], distances[:, 0], nearest[:, 0]
    closer = interval(_closer, distances, usual, seed=seed)
    return Memorisation(closer, of_mean(distances < np.quantile(usual, _NEAR), seed=seed), nearest, distances)


def _closer(a: np.ndarray, b: np.ndarray) -> float:
    """P(a < b) + P(a = b) / 2 (Mann & Whitney 1947)."""
    b = np.sort(b)
    below = np.searchsorted(b, a, "left").mean() + np.searchsorted(b, a, "right").mean()
    return float(1 - below / (2 * len(b)))
