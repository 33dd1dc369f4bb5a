"""LIME for any domain: masks -> perturbed inputs -> target -> weighted fit -> quality.

Ribeiro, Singh & Guestrin, "Why Should I Trust You?", KDD 2016, arXiv 1602.04938. A domain is a `Map` and a baseline;
nothing here knows about images.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explain.engines import ENGINES
from explain.errors import ModelError, RequestError
from explain.maps import Map

Evaluate = Callable[[NDArray], NDArray[np.float64]]
"""Inputs (n, *x.shape) -> the target's values (n,)."""


@dataclass(frozen=True)
class Options:
    """How the neighbourhood is drawn and fitted. Errors: RequestError."""

    samples: int = 1000  # rows of the fit, the input itself among them
    seed: int = 0
    engine: str = "lime"
    alpha: float = 1e-3  # ridge penalty for each sample: at 1000 samples the package's own Ridge(alpha=1)
    kernel_width: float = 0.25  # in cosine distance, as in lime's images
    tolerance: float = 1e-4  # how far f(x) may move between calls, relative to the larger of f(x), f(baseline)

    def __post_init__(self) -> None:
        if self.samples < 2:
            raise RequestError(f"A fit takes at least 2 samples, 1000 are usual; received samples={self.samples}.")
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

    coefficients: NDArray[np.float64]  # (K,), 0 for dead parts
    intercept: float
    r2: float  # weighted, over the samples; NaN when the target is constant over them
    f_x: float
    f_baseline: float
    local_prediction: float  # the linear model at x
    dead: tuple[int, ...]  # parts where x is the baseline


def run(evaluate: Evaluate, x: NDArray, baseline: NDArray, parts: Map, options: Options) -> Result:
    """Explains the target at `x`: how much does it gain from each part over the baseline?

    `x` and `baseline` share a shape that begins with the map's. Beyond `options.samples` inputs, four more are
    evaluated in three calls, to see that f(x) is the same twice, and the same alone as in company.
    Errors: RequestError when x is the baseline; ModelError when f(x) varies or is not finite.
    """
    dead = parts.dead(x, baseline)
    if dead.all():
        raise RequestError(
            "The input equals the baseline in every part, so hiding parts changes nothing. Choose another baseline."
        )
    f_x, f_baseline = probe(evaluate, x, baseline, options.tolerance)
    live = draw_masks(options.samples, int((~dead).sum()), options.seed)
    masks = np.ones((options.samples, parts.parts), bool)
    masks[:, ~dead] = live
    values = _values(evaluate, parts, masks, x, baseline)
    _agree(values[0], f_x, f_x, f_baseline, options.tolerance, _IN_COMPANY)

    distances, kernel = cosine_distances(live), exponential_kernel(options.kernel_width)
    fit = ENGINES[options.engine](live, values, distances, kernel, options.alpha * options.samples)
    coefficients = np.zeros(parts.parts)
    coefficients[~dead] = fit.coefficients
    return Result(
        coefficients=coefficients,
        intercept=fit.intercept,
        r2=weighted_r2(values, fit.predict(live), kernel(distances)),
        f_x=f_x,
        f_baseline=f_baseline,
        local_prediction=float(fit.predict(live[:1])[0]),
        dead=tuple(int(p) for p in np.flatnonzero(dead)),
    )
