"""Intervals by resampling. Efron & Tibshirani, An Introduction to the Bootstrap (1993)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits


class Estimate(NamedTuple):
    """A number with its interval, and how many examples it stands on (of two sets, the smaller)."""

    value: float
    low: float
    high: float
    n: int


def interval(
    statistic: Callable[..., float], *samples: np.ndarray, seed: int, resamples: int = 1000, level: float = 0.95
) -> Estimate:
    """The statistic of some arrays, with the `level` interval over resamples of their rows.

    Each array is resampled on its own: rows that belong together go into one array. Resampling repeats rows, which
    moves a distance between distributions upwards; so the resamples give the interval's widths and not its place:
    their quantiles are taken about their mean, and laid about the value.

    Args:
      statistic: takes the arrays (N, ...), gives a number.
    """
    random = np.random.default_rng(seed)
    value = float(statistic(*samples))
    # A resample's work is small: on a busy machine threads that wait for each other take thirty times as long.
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
