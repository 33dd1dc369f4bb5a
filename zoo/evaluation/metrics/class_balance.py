"""Which classes the samples are of, and in which shares."""

from typing import NamedTuple

import numpy as np
from scipy.special import entr

from zoo.core.errors import UserError
from zoo.evaluation.metrics.bootstrap import Estimate, interval

_PRESENT = 0.1
"""A class is there if its share is at least so much of what it is among the real ones."""


class ClassBalance(NamedTuple):
    """How samples spread over the classes.

    Attributes:
      shares: (K,), of each class among the samples; sums to 1.
      balance: 1 less the total variation distance to the real shares: 1 for the same, 0 for none in common.
      modes: share of the real classes that are there, with at least a tenth of their real share.
      entropy: of the shares, in nats; log K if they are even.
    """

    shares: np.ndarray
    balance: Estimate
    modes: Estimate
    entropy: Estimate


def class_balance(real: np.ndarray, fake: np.ndarray, classes: int, *, seed: int) -> ClassBalance:
    """Of the real ones' labels (N,) and those that a classifier gives the samples (M,), whole numbers below `classes`.

    The real shares are taken for known. Errors: UserError for no labels, or other ones.
    """
    wanted = _shares(real, classes)
    there = wanted > 0

    def balance(labels: np.ndarray) -> float:
        return 1 - float(np.abs(_shares(labels, classes) - wanted).sum()) / 2

    def modes(labels: np.ndarray) -> float:
        return float((_shares(labels, classes)[there] >= _PRESENT * wanted[there]).mean())

    def entropy(labels: np.ndarray) -> float:
        return float(entr(_shares(labels, classes)).sum())

    shares = _shares(fake, classes)
    return ClassBalance(shares, *(interval(statistic, fake, seed=seed) for statistic in (balance, modes, entropy)))


def _shares(labels: np.ndarray, classes: int) -> np.ndarray:
    if not len(labels) or labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= classes:
        raise UserError(f"Labels are whole numbers from 0 to {classes - 1}, one for each example; received {labels}.")
    return np.bincount(labels, minlength=classes) / len(labels)
