"""Evaluates the quality metrics of one explanation by calling the model again."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explain.fit import masks as designs
from explain.fit import surrogate
from explain.fit.options import Options
from explain.fit.surrogate import Surrogate
from explain.parts.maps import Parts
from explain.quality import metrics
from explain.sources.evaluator import Evaluator
from explain.sources.source import Source

SEEDS = 4
"""Explanations that stability compares, the given one included."""

SHUFFLES = 3
"""Networks with shuffled weights; a single one may give the same ranking by accident."""

ORDERS, NEW_MASKS = 20, 128
"""Random orders of deletion, and masks for infidelity."""


def evaluate(
    source: Source,
    x: NDArray[Any],
    baseline: NDArray[Any],
    parts: Parts,
    options: Options,
    found: Surrogate,
    reference: NDArray[Any] | None,
) -> metrics.Quality:
    """The quality of `found`, the surrogate at `x`. Errors: those of `surrogate.fit`."""
    evaluator = Evaluator(source, reference)
    live = np.setdiff1d(np.arange(parts.count), found.dead)

    def values(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        return evaluator(parts.apply(masks, x, baseline))

    rng = np.random.default_rng((options.seed, 1))  # another stream than that of the fitted masks
    best = live[np.argsort(-found.coefficients[live], kind="stable")]
    orders = np.stack([best, best[::-1], *(rng.permutation(live) for _ in range(ORDERS))])
    masks = metrics.curve_masks(orders, parts.count)
    areas = metrics.area(values(masks.reshape(-1, parts.count)).reshape(masks.shape[:2]))
    deletion, insertion, random = areas[0], areas[1], areas[2:]

    new = np.ones((NEW_MASKS, parts.count), bool)
    new[:, live] = designs.independent(NEW_MASKS + 1, len(live), options.seed + 1)[1:]
    answers = values(new)
    seeds = range(options.seed + 1, options.seed + SEEDS)
    again = [surrogate.fit(evaluator, x, baseline, parts, replace(options, seed=seed)) for seed in seeds]
    return metrics.Quality(
        deletion=float(deletion),
        insertion=float(insertion),
        random_order=float(random.mean()),
        order=float(np.mean(random < deletion)),
        infidelity=metrics.infidelity(new, answers, found.f_x, found.coefficients),
        vsi=metrics.stability([strongest(other) for other in (found, *again)]),
        sanity=_sanity(source, x, baseline, parts, options, found, reference),
        evaluations=evaluator.evaluations,
    )


def strongest(found: Surrogate) -> list[int]:
    """The parts with the largest absolute coefficients, at most `metrics.TOP`; never parts with coefficient 0."""
    order = np.argsort(-np.abs(found.coefficients), kind="stable")[: metrics.TOP]
    return [int(part) for part in order if found.coefficients[part]]


def _sanity(
    source: Source,
    x: NDArray[Any],
    baseline: NDArray[Any],
    parts: Parts,
    options: Options,
    found: Surrogate,
    reference: NDArray[Any] | None,
) -> float | None:
    live, correlations = np.setdiff1d(np.arange(parts.count), found.dead), []
    for i in range(SHUFFLES):
        shuffled = source.shuffled(options.seed + i)
        if shuffled is None:
            return None
        other = surrogate.fit(Evaluator(shuffled, reference), x, baseline, parts, options)
        correlations.append(metrics.spearman(found.coefficients[live], other.coefficients[live]))
    return float(np.mean(correlations))
