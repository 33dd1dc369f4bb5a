"""LIME for any domain: masks -> perturbed inputs -> target -> weighted fit -> how sure it is.

Ribeiro, Singh & Guestrin, "Why Should I Trust You?", KDD 2016, arXiv 1602.04938. A domain is a map and a baseline;
nothing here knows about images.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explain.errors import RequestError
from explain.fit.designs import DESIGNS, Masks, replicate
from explain.fit.engines import ENGINES, Fit, Kernel, one_thread
from explain.fit.inference import infer
from explain.parts.maps import Parts
from explain.sources import probe
from explain.sources.source import Meter

CONSTANT = 1e-6
"""A target that moves by less than this, relative to its largest value, is constant to float32's rounding."""

LIMITS = 0.01, 0.99
"""A probability beyond these says nothing more: the sigmoid has flattened whatever the model sees."""

FREEDOM = 16
"""Differences between replicates, K for each beyond the first, from which their agreement can be judged."""

SAMPLES = {"lime": 1000, "fast": 513}
"""Rows of the fit unless the caller says otherwise: where the two are about equally stable at 49 parts."""


@dataclass(frozen=True)
class Options:
    """How the neighbourhood is drawn and fitted. Errors: RequestError."""

    samples: int | None = None  # rows of the fit at most, the input itself among them; None: see `rows`
    seed: int = 0
    engine: str = "fast"
    alpha: float = 1e-3  # ridge penalty for each sample: at 1000 samples the package's own Ridge(alpha=1)
    kernel_width: float = 0.25  # in cosine distance, as in lime's images
    tolerance: float = 1e-4  # of f(x) between calls, relative to the larger of f(x) and f(baseline)
    agreement: float = 0.05  # of the replicates, at which `fast` stops; 0: it takes all its samples

    def __post_init__(self) -> None:
        if self.samples is not None and self.samples < 2:
            raise RequestError(f"A fit takes 2 samples or more, usually 500; received {self.samples}.")
        if self.seed < 0:
            raise RequestError(f"A seed is 0 or larger; received seed={self.seed}.")
        if self.engine not in ENGINES:
            raise RequestError(f"There is no engine {self.engine!r}. Known: {', '.join(sorted(ENGINES))}.")
        for name in ("alpha", "kernel_width", "tolerance"):
            if not getattr(self, name) > 0:
                raise RequestError(f"{name} is larger than 0; received {getattr(self, name)}.")
        if not self.agreement >= 0:
            raise RequestError(f"agreement is 0 or larger, usually 0.05; received {self.agreement}.")

    def rows(self, parts: int) -> int:
        """The rows of the fit at most: as asked, or the engine's own number, but four replicates for many parts."""
        return self.samples or max(SAMPLES[self.engine], 1 + 4 * replicate(parts) if self.engine == "fast" else 0)


@dataclass(frozen=True)
class Result:
    """The local linear model of the target around x, and what it was fitted to."""

    coefficients: NDArray[np.float64]  # (K,), 0 for dead parts, and for all when the target is constant
    errors: NDArray[np.float64]  # (K,) their standard errors
    intercept: float
    r2: float  # weighted, over the samples; NaN when the target is constant over them
    r2_held_out: float  # the same, each row predicted by the fit of all others
    saturated: float  # share of the values beyond LIMITS, of a target that stays in [0, 1]; 0 for others
    f_x: float
    f_baseline: float
    local_prediction: float  # the linear model at x
    dead: tuple[int, ...]  # parts where x is the baseline
    samples: int  # rows of the fit


def run(meter: Meter, x: NDArray, baseline: NDArray, parts: Parts, options: Options) -> Result:
    """Explains the target at `x`: how much does it gain from each part over the baseline?

    Beyond the rows of the fit, two inputs are evaluated: x alone, in a call of its own, and the baseline. Errors:
    RequestError when x is the baseline; ModelError when f(x) varies from call to call or with its company, or when a
    value is not finite.
    """
    dead = parts.dead(x, baseline)
    if dead.all():
        raise RequestError(
            "The input equals the baseline in every part, so hiding parts changes nothing. Choose another baseline."
        )
    (alone,) = meter(x[None])
    neighbourhood = _Neighbourhood(meter, x, baseline, parts, ~dead, options)
    live, values, f_baseline = neighbourhood.draw()
    probe.compare(meter, x, alone, values[0], options.tolerance * max(abs(alone), abs(f_baseline)))

    coefficients, errors = np.zeros(parts.parts), np.zeros(parts.parts)
    distances, kernel = cosine_distances(live), exponential_kernel(options.kernel_width)
    penalty = options.alpha * len(live)
    with one_thread():
        fit = ENGINES[options.engine](live, values, distances, kernel, penalty)
        weights, predictions = kernel(distances), fit.predict(live)
        sure = infer(live, values, weights, predictions, penalty, pairs=options.engine == "fast")
    r2 = weighted_r2(values, predictions, weights)
    if not math.isnan(r2):  # else they are rounding noise
        coefficients[~dead], errors[~dead] = fit.coefficients, sure.errors
    return Result(
        coefficients=coefficients,
        errors=errors,
        intercept=fit.intercept,
        r2=r2,
        r2_held_out=weighted_r2(values, sure.left_out, weights),
        saturated=saturation(values),
        f_x=float(values[0]),
        f_baseline=f_baseline,
        local_prediction=float(predictions[0]),
        dead=tuple(int(p) for p in np.flatnonzero(dead)),
        samples=len(live),
    )


class _Neighbourhood:
    """Draws masks and asks for their values: all at once, or until independent replicates agree."""

    def __init__(
        self, meter: Meter, x: NDArray, baseline: NDArray, parts: Parts, live: NDArray[np.bool_], options: Options
    ) -> None:
        self._meter, self._x, self._baseline, self._parts = meter, x, baseline, parts
        self._live, self._options = live, options
        self._masks = DESIGNS[options.engine](options.rows(int(live.sum())), int(live.sum()), options.seed)

    def draw(self) -> tuple[Masks, NDArray[np.float64], float]:
        """Masks over the live parts, (n, K); the target's values, (n,); f(baseline)."""
        rows, size = len(self._masks), replicate(self._masks.shape[1])
        adaptive = self._options.engine == "fast" and self._options.agreement > 0
        taken = min(rows, 1 + replicates(self._masks.shape[1]) * size) if adaptive else rows
        values = self._ask(0, taken)
        values, f_baseline = values[1:], float(values[0])
        while taken < rows and not self._agree(values, size):
            # A call takes so many anyway.
            more = max(size, self._meter.chunk // size * size)
            values = np.concatenate([values, self._ask(taken, taken + more)])
            taken = len(values)
        return self._masks[:taken], values, f_baseline

    def _ask(self, start: int, stop: int) -> NDArray[np.float64]:
        """The values of these rows; those from the first on come after the baseline's, which hides everything."""
        drawn, first = self._masks[start:stop], int(start == 0)
        masks = np.ones((first + len(drawn), len(self._live)), bool)
        masks[:first], masks[first:, self._live] = False, drawn
        values = self._meter(self._parts.apply(masks, self._x, self._baseline))
        probe.demand_finite(values)
        return values

    def _agree(self, values: NDArray[np.float64], size: int) -> bool:
        """Whether the mean coefficients of the whole replicates so far are sure enough."""
        kernel, options = exponential_kernel(self._options.kernel_width), self._options
        starts = range(1, len(values) - size + 1, size)
        with one_thread():
            found = np.stack([_replicate(self._masks, values, kernel, options, slice(i, i + size)) for i in starts])
        return disagreement(found) <= options.agreement


def _replicate(masks: Masks, values: NDArray[np.float64], kernel: Kernel, options: Options, rows: slice) -> NDArray:
    z = masks[rows]
    fit: Fit = ENGINES[options.engine](z, values[rows], cosine_distances(z), kernel, options.alpha * len(z))
    return fit.coefficients


def replicates(parts: int) -> int:
    """How many independent replicates `fast` draws before it may stop."""
    return 1 + -(-FREEDOM // parts)


def disagreement(found: NDArray[np.float64]) -> float:
    """Coefficients (R, K) of R replicates -> the root mean square error of their mean, relative to its
    largest coefficient; 0 where all are 0."""
    error = np.sqrt(np.mean(found.var(axis=0, ddof=1)) / len(found))
    largest = np.abs(found.mean(axis=0)).max()
    return float(error / largest) if largest else 0.0


def cosine_distances(masks: Masks) -> NDArray[np.float64]:
    """(n, K) -> (n,) in [0, 1]: from each mask to the one that hides nothing, 1 − √(share of parts kept)."""
    return 1 - np.sqrt(masks.mean(axis=1))


def exponential_kernel(width: float) -> Kernel:
    """Distance d -> weight √exp(−d²/width²), the package's kernel."""
    return lambda distances: np.exp(-((distances / width) ** 2) / 2)


def weighted_r2(values: NDArray[np.float64], predictions: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """1 − Σw(y − ŷ)²/Σw(y − ȳ)², all (n,); NaN for constant values, where any fit would be perfect."""
    if np.ptp(values) <= CONSTANT * np.abs(values).max():
        return float("nan")
    mean = np.average(values, weights=weights)
    return float(1 - np.sum(weights * (values - predictions) ** 2) / np.sum(weights * (values - mean) ** 2))


def saturation(values: NDArray[np.float64]) -> float:
    """The share of values (n,) beyond LIMITS; 0 where some leave [0, 1], so that they are no probabilities."""
    if values.min() < 0 or values.max() > 1:
        return 0.0
    return float(np.mean((values < LIMITS[0]) | (values > LIMITS[1])))
