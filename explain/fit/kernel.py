"""The weight kernel: how much a perturbed input counts, by its distance from the explained input."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Kernel = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Distances (n,) -> weights (n,)."""


def cosine_distances(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Masks (n, K) -> (n,) in [0, 1]: cosine distance to the mask that keeps all, 1 − √(share of kept parts)."""
    return np.asarray(1 - np.sqrt(masks.mean(axis=1)))


def exponential_kernel(width: float) -> Kernel:
    """Distance d -> weight √exp(−d²/width²), as in the package lime."""
    return lambda distances: np.exp(-((distances / width) ** 2) / 2)
