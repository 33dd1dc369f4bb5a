"""What is made of several explanations: of many inputs, of two versions, of hundreds of fakes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from explain.api import explain
from explain.errors import RequestError
from explain.quality.measures import rank_correlation
from explain.report.explanation import Explanation
from explain.sources.source import Source


def explain_many(
    source: Source, inputs: Iterable[ArrayLike], *, progress: bool = False, **options: Any
) -> list[Explanation]:
    """`explain` for each input, with its options; inputs with as many live parts share their masks."""
    return [explain(source, x, **options) for x in tqdm(list(inputs), "explaining", disable=not progress)]


def compare(first: Source, second: Source, x: ArrayLike, **options: Any) -> tuple[Explanation, Explanation]:
    """Two sources, versions of one model say, on the same input and the same masks: as many as `samples` says."""
    one, other = (explain(source, x, **options | {"agreement": 0}) for source in (first, second))
    return one, other


def likeness(one: Explanation, other: Explanation) -> float:
    """Rank correlation of two explanations over the same parts, in [-1, 1]. Errors: RequestError for other parts."""
    _demand_same_parts([one, other])
    live = np.setdiff1d(np.arange(len(one.coefficients)), one.dead)
    return rank_correlation(one.coefficients[live], other.coefficients[live])


@dataclass(frozen=True, eq=False)
class Aggregate:
    """Where a model looks, over many inputs with the same map.

    Attributes:
      effect: (K,) mean coefficient: what the part adds on the whole.
      strength: (K,) mean size of the coefficient: whether it matters at all.
      x: the mean of the inputs.
      labels: the part at each place.
      count: how many explanations.
      trusted: how many of them the verdict trusts, at least for the largest coefficients.
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


def aggregate(explanations: Sequence[Explanation]) -> Aggregate:
    """The mean over explanations of one target with one map. Errors: RequestError."""
    _demand_same_parts(explanations)
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


def _demand_same_parts(explanations: Sequence[Explanation]) -> None:
    if not explanations:
        raise RequestError("There is nothing to compare or aggregate: give one explanation or more.")
    first = explanations[0].labels
    if any(e.labels.shape != first.shape or (e.labels != first).any() for e in explanations):
        raise RequestError("These explanations have different parts. Explain them all with one map, as a grid.")
