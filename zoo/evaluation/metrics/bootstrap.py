"""Intervals by resampling. Efron & Tibshirani, An Introduction to the Bootstrap (1993)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits


class Estimate(NamedTuple):
    """A number with its interval, and the number of examples (of two sets, the smaller) that it is measured on."""

    value: float
    low: float
    high: float
    n: int


def interval(
    statistic: Callable[..., float], *samples: np.ndarray, seed: int, resamples: int = 1000, level: float = 0.95
) -> Estimate:
    """The statistic of some arrays, with the `level` interval over resamples of their rows.

    Each array is resampled independently: rows that belong together go into one array. Resampling repeats rows, which
    increases a distance between distributions. So only the width of the interval comes from the resamples: the
    quantiles are relative to the resamples' mean, and are added to the value.

    Args:
      statistic: the arrays (N, ...) -> a number.
    """
    random = np.random.default_rng(seed)
    value = float(statistic(*samples))
    # A resample is little work: on a busy machine, threads that wait for each other take thirty times as long.
    with threadpool_limits(1, user_api="blas"):
        draws = np.array(
            [statistic(*(s[random.integers(len(s), size=len(s))] for s in samples)) for _ in range(resamples)]
        )
    tail = (1 - level) / 2
    low, high = np.quantile(draws, (tail, 1 - tail)) - draws.mean()
    return Estimate(value, value + float(low), value + float(high), min(map(len, samples)))


def of_mean(values: np.ndarray, *, seed: int, level: float = 0.95) -> Estimate:
    """The mean of values (N,) with its interval."""
    return interval(np.mean, np.asarray(values, np.float64), seed=seed, level=level)
