"""The Fréchet distance between two sets of features, each regarded as a normal distribution.

Heusel et al., arXiv 1706.08500, eq. 6; Dowson & Landau, J. Multivariate Anal. 12 (1982).
It is the squared distance, as usual.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import final

import numpy as np

from zoo.evaluation.metrics.bootstrap import Estimate, interval
from zoo.evaluation.metrics.rows import pair, rows

_GROUPS = 50
"""Groups of rows, whose moments are computed once; resamples and halves consist of groups."""


@final
@dataclass(frozen=True, eq=False)
class FeatureMoments:
    """Count, mean (D,) and scatter (D, D), the sum of squared deviations, of rows that come in batches.

    Memory is flat in the number of rows: `moments = moments.add(batch)`, from `FeatureMoments()`. Chan, Golub &
    LeVeque, The American Statistician 37 (1983), eq. 2.1.
    """

    n: int = 0
    mean: np.ndarray = field(default_factory=lambda: np.zeros(()))
    scatter: np.ndarray = field(default_factory=lambda: np.zeros(()))

    def add(self, features: np.ndarray) -> "FeatureMoments":
        """Those of these rows and of features (N, D) together. Errors: as `zoo.evaluation.metrics.rows.rows`."""
        x = rows(features, "rows of features", least=1)
        mean = x.mean(axis=0)
        return merged([self, FeatureMoments(len(x), mean, (x - mean).T @ (x - mean))])

    @property
    def covariance(self) -> np.ndarray:
        """(D, D), unbiased; of a single row zeros."""
        return self.scatter / max(1, self.n - 1)


def merged(parts: Iterable[FeatureMoments]) -> FeatureMoments:
    """The moments of all the parts' rows."""
    whole = FeatureMoments()
    for part in parts:
        n = whole.n + part.n
        if n:
            apart = part.mean - whole.mean
            scatter = whole.scatter + part.scatter + np.multiply.outer(apart, apart) * (whole.n * part.n / n)
            whole = FeatureMoments(n, whole.mean + apart * (part.n / n), scatter)
    return whole


def frechet_distance(a: FeatureMoments, b: FeatureMoments) -> float:
    """|μ_a − μ_b|² + tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½), which is 0 for equal moments.

    The last trace is the sum of the singular values of Σ_a^½ Σ_b^½: it needs no inverse, so a covariance may be
    singular, and it does not take the root of rounding errors. It increases with 1/n: see `frechet_unbiased`.
    """
    cross = np.linalg.svd(_root(a.covariance).T @ _root(b.covariance), compute_uv=False).sum()
    squared = np.square(a.mean - b.mean).sum() + np.trace(a.covariance) + np.trace(b.covariance) - 2 * cross
    return max(0.0, float(squared))


def _root(covariance: np.ndarray) -> np.ndarray:
    """R (D, D) with R Rᵀ the covariance."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(values.clip(0)))


def frechet_unbiased(a: np.ndarray, b: np.ndarray, *, seed: int, resamples: int = 100) -> Estimate:
    """The Fréchet distance of features (N, ..., D) and (M, ..., D), extrapolated to infinitely many, with its interval.

    Axes in between, such as a video's time, belong to the example: its rows are resampled together.

    The distance at n rows is d + c/n + O(1/n²) (Bińkowski et al., arXiv 1801.01401, appendix D; Chong & Forsyth, arXiv
    1911.07023). Twice the distance of all rows minus the mean distance of their two halves is d + O(1/n²). It may be
    below zero for similar sets. Errors: as `zoo.evaluation.metrics.rows.pair`.
    """
    random = np.random.default_rng(seed)
    pair(a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1]), ("features", "features"))
    A, B = (_grouped(x, random) for x in (a, b))

    def extrapolated(i: np.ndarray, j: np.ndarray) -> float:
        whole, even, odd = (
            frechet_distance(merged(A[k] for k in i[part]), merged(B[k] for k in j[part]))
            for part in (slice(None), slice(0, None, 2), slice(1, None, 2))
        )
        return 2 * whole - (even + odd) / 2

    found = interval(extrapolated, np.arange(len(A)), np.arange(len(B)), seed=seed, resamples=resamples)
    return found._replace(n=min(len(a), len(b)))


def _grouped(x: np.ndarray, random: np.random.Generator) -> list[FeatureMoments]:
    parts = np.array_split(random.permutation(x), min(_GROUPS, len(x)))
    return [FeatureMoments().add(part.reshape(-1, x.shape[-1])) for part in parts]
