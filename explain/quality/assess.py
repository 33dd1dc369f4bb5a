"""Measures the quality of one explanation, by asking its source more."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from explain.fit import designs
from explain.fit import lime as core
from explain.parts.maps import Parts
from explain.quality import measures as quality
from explain.sources.source import Meter, Source

SEEDS = 4
"""Explanations that stability compares, the given one among them."""

SHUFFLES = 3
"""Networks of shuffled weights: one alone may rank the parts alike by accident."""

ORDERS, FRESH = 20, 128
"""Random orders of deletion, and masks for infidelity."""


def assess(
    source: Source,
    x: NDArray,
    baseline: NDArray,
    parts: Parts,
    options: core.Options,
    found: core.Result,
    company: NDArray | None,
) -> quality.Quality:
    """What `quality.Quality` says, of `found`. Errors: those of core.run."""
    meter = Meter(source, company)
    live = np.setdiff1d(np.arange(parts.parts), found.dead)

    def ask(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        return meter(parts.apply(masks, x, baseline))

    rng = np.random.default_rng((options.seed, 1))  # not the draws of the masks that were fitted
    best = live[np.argsort(-found.coefficients[live], kind="stable")]
    orders = np.stack([best, best[::-1], *(rng.permutation(live) for _ in range(ORDERS))])
    masks = quality.curve_masks(orders, parts.parts)
    areas = quality.area(ask(masks.reshape(-1, parts.parts)).reshape(masks.shape[:2]))
    deletion, insertion, random = areas[0], areas[1], areas[2:]

    fresh = np.ones((FRESH, parts.parts), bool)
    fresh[:, live] = designs.coins(FRESH + 1, len(live), options.seed + 1)[1:]
    change = ask(fresh)
    again = [core.run(meter, x, baseline, parts, replace(options, seed=options.seed + i)) for i in range(1, SEEDS)]
    return quality.Quality(
        deletion=float(deletion),
        insertion=float(insertion),
        random_order=float(random.mean()),
        order=float(np.mean(random < deletion)),
        infidelity=quality.infidelity(fresh, change, found.f_x, found.coefficients),
        vsi=quality.stability([strongest(r) for r in (found, *again)]),
        sanity=_sanity(source, x, baseline, parts, options, found, company),
        evaluations=meter.evaluations,
    )


def strongest(found: core.Result) -> list[int]:
    """The parts of the largest coefficients, without those that have none."""
    order = np.argsort(-np.abs(found.coefficients), kind="stable")[: quality.TOP]
    return [int(part) for part in order if found.coefficients[part]]


def _sanity(
    source: Source,
    x: NDArray,
    baseline: NDArray,
    parts: Parts,
    options: core.Options,
    found: core.Result,
    company: NDArray | None,
) -> float | None:
    live, correlations = np.setdiff1d(np.arange(parts.parts), found.dead), []
    for i in range(SHUFFLES):
        shuffled = source.shuffled(options.seed + i)
        if shuffled is None:
            return None
        other = core.run(Meter(shuffled, company), x, baseline, parts, options)
        correlations.append(quality.rank_correlation(found.coefficients[live], other.coefficients[live]))
    return float(np.mean(correlations))
