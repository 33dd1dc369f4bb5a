"""LIME for any domain: masks -> perturbed inputs -> target -> weighted fit -> quality.

Ribeiro, Singh & Guestrin, "Why Should I Trust You?", KDD 2016, arXiv 1602.04938. A domain is a `Map` and
a baseline; nothing here knows about images.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explain.engines import ENGINES, Kernel
from explain.errors import ModelError, RequestError
from explain.maps import Map
from explain.sources import Meter

CONSTANT = 1e-6
"""A target that moves by less than this, relative to its largest value, is constant to float32's rounding."""


@dataclass(frozen=True)
class Options:
    """How the neighbourhood is drawn and fitted. Errors: RequestError."""

    samples: int = 1000  # rows of the fit, the input itself among them
    seed: int = 0
    engine: str = "lime"
    alpha: float = 1e-3  # ridge penalty for each sample: at 1000 samples the package's own Ridge(alpha=1)
    kernel_width: float = 0.25  # in cosine distance, as in lime's images
    tolerance: float = 1e-4  # of f(x) between calls, relative to the larger of f(x) and f(baseline)

    def __post_init__(self) -> None:
        if self.samples < 2:
            raise RequestError(f"A fit takes 2 samples or more, usually 1000; received {self.samples}.")
        if self.seed < 0:
            raise RequestError(f"A seed is 0 or larger; received seed={self.seed}.")
        if self.engine not in ENGINES:
            raise RequestError(f"There is no engine {self.engine!r}. Known: {', '.join(sorted(ENGINES))}.")
        for name in ("alpha", "kernel_width", "tolerance"):
            if not getattr(self, name) > 0:
                raise RequestError(f"{name} is larger than 0; received {getattr(self, name)}.")


@dataclass(frozen=True)
class Result:
    """The local linear model of the target around x, and what it was fitted to."""

    coefficients: NDArray[np.float64]  # (K,), 0 for dead parts, and for all when the target is constant
    intercept: float
    r2: float  # weighted, over the samples; NaN when the target is constant over them
    f_x: float
    f_baseline: float
    local_prediction: float  # the linear model at x
    dead: tuple[int, ...]  # parts where x is the baseline


def run(meter: Meter, x: NDArray, baseline: NDArray, parts: Map, options: Options) -> Result:
    """Explains the target at `x`: how much does it gain from each part over the baseline?

    `x` and `baseline` share a shape that begins with the map's. Beyond `options.samples` inputs, PROBES more
    are evaluated, in PROBE_CALLS calls. Errors: RequestError when x is the baseline; ModelError when f(x)
    varies from call to call or with its company, or when a value is not finite.
    """
    dead = parts.dead(x, baseline)
    if dead.all():
        raise RequestError(
            "The input equals the baseline in every part, so hiding parts changes nothing. Choose another baseline."
        )
    f_x, f_baseline = probe(meter, x, baseline, options.tolerance)
    live = draw_masks(options.samples, int((~dead).sum()), options.seed)
    masks = np.ones((options.samples, parts.parts), bool)
    masks[:, ~dead] = live
    values = _values(meter, parts, masks, x, baseline)
    _demand_equal(values[0], f_x, _slack(f_x, f_baseline, options.tolerance), _COMPANY)

    distances, kernel = cosine_distances(live), exponential_kernel(options.kernel_width)
    fit = ENGINES[options.engine](live, values, distances, kernel, options.alpha * options.samples)
    r2 = weighted_r2(values, fit.predict(live), kernel(distances))
    coefficients = np.zeros(parts.parts)
    if not math.isnan(r2):  # else they are rounding noise
        coefficients[~dead] = fit.coefficients
    return Result(
        coefficients=coefficients,
        intercept=fit.intercept,
        r2=r2,
        f_x=f_x,
        f_baseline=f_baseline,
        local_prediction=float(fit.predict(live[:1])[0]),
        dead=tuple(int(p) for p in np.flatnonzero(dead)),
    )


PROBE_CALLS, PROBES = 3, 4
"""What `probe` costs: calls, and inputs in them."""

_CHANCE = "It draws on chance (Dropout or noise in training mode?). Export it in inference mode."
_COMPANY = (
    "It depends on the rest of the batch (batch normalisation in training mode, minibatch statistics?), "
    "so perturbed copies would contaminate one another. Export it in inference mode."
)


def probe(meter: Meter, x: NDArray, baseline: NDArray, tolerance: float) -> tuple[float, float]:
    """f(x) and f(baseline), after seeing that f(x) is the same twice, and the same beside another input."""
    (first,), (second,) = meter(x[None]), meter(x[None])
    beside, f_baseline = meter(np.stack([x, baseline]))
    _demand_finite(np.array([first, second, beside, f_baseline]))
    slack = _slack(first, f_baseline, tolerance)
    _demand_equal(second, first, slack, _CHANCE)
    _demand_equal(beside, first, slack, _COMPANY)
    return float(first), float(f_baseline)


def draw_masks(samples: int, parts: int, seed: int) -> NDArray[np.bool_]:
    """(samples, parts): fair coins, and a first row that hides nothing."""
    masks = np.random.default_rng(seed).integers(0, 2, (samples, parts), dtype=np.int8).astype(bool)
    masks[0] = True
    return masks


def cosine_distances(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
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


def _values(meter: Meter, parts: Map, masks: NDArray[np.bool_], x: NDArray, baseline: NDArray) -> NDArray[np.float64]:
    chunks = range(0, len(masks), meter.chunk)
    values = np.concatenate([meter(parts.apply(masks[i : i + meter.chunk], x, baseline)) for i in chunks])
    _demand_finite(values)
    return values


def _slack(f_x: float, f_baseline: float, tolerance: float) -> float:
    return tolerance * max(abs(f_x), abs(f_baseline))


def _demand_equal(received: float, expected: float, slack: float, why: str) -> None:
    if abs(received - expected) > slack:
        raise ModelError(f"The model gave f(x) = {expected:.6g}, then {received:.6g}. {why}")


def _demand_finite(values: NDArray[np.float64]) -> None:
    bad = int(np.sum(~np.isfinite(values)))
    if bad:
        raise ModelError(
            f"The model answered {bad} of {values.size} inputs with NaN or infinity. "
            "Explain another output, or a model whose training did not diverge."
        )
