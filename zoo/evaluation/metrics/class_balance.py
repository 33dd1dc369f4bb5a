"""The classes of samples, and their shares."""

from typing import NamedTuple

import numpy as np
from scipy.special import entr

from zoo.core.errors import UserError
from zoo.evaluation.metrics.bootstrap import Estimate, interval

_PRESENT = 0.1
"""A class is present if its share is at least this part of its share among real examples."""


class ClassBalance(NamedTuple):
    """How samples are distributed over the classes.

    Attributes:
      shares: of each class among the samples, (K,); they sum to 1.
      balance: 1 minus the total variation distance to the real shares: 1 for equal ones, 0 for no class in common.
      modes: the part of the real classes that is present, with at least a tenth of the real share.
      entropy: of the shares, in nats; log K if they are even.
    """

    shares: np.ndarray
    balance: Estimate
    modes: Estimate
    entropy: Estimate


def class_balance(real: np.ndarray, fake: np.ndarray, classes: int, *, seed: int) -> ClassBalance:
    """The balance of samples, from the labels of real examples (N,) and a classifier's labels of the samples (M,).

    Labels are whole numbers below `classes`. The real shares are taken as exact. Errors: UserError for other labels, or
    none.
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
