"""The sliced Wasserstein distance of sets of points, by their projections on lines. Rabin et al., SSVM 2011."""

import numpy as np

from zoo.evaluation.metrics.bootstrap import Estimate, interval
from zoo.evaluation.metrics.rows import pair


def sliced_wasserstein(
    a: np.ndarray, b: np.ndarray, *, seed: int, directions: int = 64, resamples: int = 100
) -> Estimate:
    """The mean 1-Wasserstein distance of (N, ...) and (M, ...) projected on random directions of unit length.

    Rows are flattened: pixels, features or columns of a table. The directions are the same for every resample.
    Memory does not grow with the width. Errors: as `zoo.evaluation.metrics.rows.pair`.
    """
    x, y = pair(a, b, ("examples", "samples"))
    lines = np.random.default_rng(seed).normal(size=(x.shape[1], directions))
    lines /= np.linalg.norm(lines, axis=0)
    p, q = _Sorted(x @ lines), _Sorted(y @ lines)

    def distance(i: np.ndarray, j: np.ndarray) -> float:
        return float(np.mean([_wasserstein(u, v) for u, v in zip(p.take(i), q.take(j), strict=True)]))

    return interval(distance, np.arange(len(x)), np.arange(len(y)), seed=seed, resamples=resamples)


class _Sorted:
    """Columns of (N, L) in order, once for all resamples."""

    def __init__(self, columns: np.ndarray) -> None:
        self.order = columns.argsort(axis=0).T
        self.values = np.take_along_axis(columns.T, self.order, axis=1)

    def take(self, rows: np.ndarray) -> list[np.ndarray]:
        """Each column's values of these rows, in order."""
        counts = np.bincount(rows, minlength=self.order.shape[1])
        return [np.repeat(v, counts[o]) for v, o in zip(self.values, self.order, strict=True)]


def _wasserstein(u: np.ndarray, v: np.ndarray) -> float:
    """Of sorted numbers (N,) and (M,): the integral of the distance between their quantile functions."""
    if len(u) == len(v):
        return float(np.abs(u - v).mean())
    steps = np.union1d(np.arange(len(u) + 1) / len(u), np.arange(len(v) + 1) / len(v))
    middle = (steps[1:] + steps[:-1]) / 2
    apart = np.abs(u[(middle * len(u)).astype(int)] - v[(middle * len(v)).astype(int)])
    return float(apart @ np.diff(steps))
