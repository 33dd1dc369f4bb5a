"""Several explanations with the same parts: their mean, and their rank correlation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explain.errors import RequestError
from explain.quality.metrics import spearman
from explain.report.attribution import Attribution


@dataclass(frozen=True, eq=False)
class Aggregate:
    """The mean of explanations of many inputs with the same map.

    Attributes:
      effect: (K,) mean coefficient.
      strength: (K,) mean absolute coefficient.
      x: the mean of the inputs.
      labels: the part of each position.
      count: number of explanations.
      trusted: how many of them have the verdict trust or caution.
    """

    effect: NDArray[np.float64]
    strength: NDArray[np.float64]
    x: NDArray[np.float64]
    labels: NDArray[np.int64]
    kind: str
    count: int
    trusted: int
    model: str
    version: int | None
    target: str


def aggregate(explanations: Sequence[Attribution]) -> Aggregate:
    """The mean of explanations of one target with one map. Errors: RequestError if their parts differ."""
    _check_same_parts(explanations)
    first = explanations[0]
    coefficients = np.stack([e.coefficients for e in explanations])
    trusted = sum(e.trust in ("trust", "caution") for e in explanations)
    return Aggregate(
        coefficients.mean(axis=0),
        np.abs(coefficients).mean(axis=0),
        np.mean([e.x for e in explanations], axis=0, dtype=np.float64),
        first.labels,
        first.kind,
        len(explanations),
        trusted,
        first.model,
        first.version,
        first.target,
    )


def rank_correlation(one: Attribution, other: Attribution) -> float:
    """Spearman's rank correlation of the coefficients of two explanations with the same parts, in [-1, 1].

    Parts that are dead in the first are left out. Errors: RequestError if the parts differ.
    """
    _check_same_parts([one, other])
    live = np.setdiff1d(np.arange(len(one.coefficients)), one.dead)
    return spearman(one.coefficients[live], other.coefficients[live])


def _check_same_parts(explanations: Sequence[Attribution]) -> None:
    if not explanations:
        raise RequestError("There is nothing to compare or aggregate: give one explanation or more.")
    first = explanations[0].labels
    if any(e.labels.shape != first.shape or (e.labels != first).any() for e in explanations):
        raise RequestError("These explanations have different parts. Explain all inputs with one map, such as a grid.")
