"""The kernel distance between two sets of features. Bińkowski et al., arXiv 1801.01401, section 3; Gretton et al.,
J. Machine Learning Research 13 (2012)."""

import numpy as np

from zoo.evaluation.metrics.bootstrap import Estimate, of_mean
from zoo.evaluation.metrics.rows import pair

_BLOCKS = 10
"""Blocks, at least, for the interval."""
_BLOCK = 1000
"""Rows of a block, at most: memory does not grow with n."""


def kernel_distance(a: np.ndarray, b: np.ndarray, *, seed: int) -> Estimate:
    """The squared MMD of features (N, D) and (M, D) under the kernel (xᵀy / D + 1)³, without bias.

    The mean over disjoint random blocks, each with its own unbiased estimate, whose variation gives the interval. It
    may be below zero for similar sets. Errors: as `zoo.evaluation.metrics.rows.pair`.
    """
    x, y = pair(a, b, ("features", "features"))
    random = np.random.default_rng(seed)
    fewer = min(len(x), len(y))
    blocks = max(1, min(_BLOCKS, fewer // 2), fewer // _BLOCK)
    x, y = (random.permutation(rows)[: fewer - fewer % blocks] for rows in (x, y))
    values = [_unbiased(p, q) for p, q in zip(np.split(x, blocks), np.split(y, blocks), strict=True)]
    return of_mean(np.array(values), seed=seed)._replace(n=fewer)


def _unbiased(x: np.ndarray, y: np.ndarray) -> float:
    """Gretton et al., eq. 3, of blocks (m, D)."""
    m = len(x)
    within = sum((kernel.sum() - np.trace(kernel)) / (m * (m - 1)) for kernel in (_cubic(x, x), _cubic(y, y)))
    return float(within - 2 * _cubic(x, y).mean())


def _cubic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    k = x @ y.T / x.shape[1] + 1
    return np.asarray(k * k * k)  # many times as fast as k ** 3
