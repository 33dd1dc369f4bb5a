"""The local surrogate: a linear model of the target around the input, fitted to perturbed inputs.

Ribeiro, Singh & Guestrin, "Why Should I Trust You?", KDD 2016, arXiv 1602.04938. The kind of input is known only to its
map and baseline; nothing here knows about images.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explain.errors import RequestError
from explain.fit.engines import ENGINES, one_thread
from explain.fit.fidelity import saturation, weighted_r2
from explain.fit.kernel import cosine_distances, exponential_kernel
from explain.fit.options import Options
from explain.fit.sampling import Sampler
from explain.fit.uncertainty import estimate
from explain.parts.maps import Parts
from explain.sources.checks import check_repeatable
from explain.sources.evaluator import Evaluator


@dataclass(frozen=True)
class Surrogate:
    """The local linear model of the target around x, and what it was fitted to."""

    coefficients: NDArray[np.float64]  # (K,), 0 for dead parts, and for all parts if the target is constant
    errors: NDArray[np.float64]  # (K,) standard errors of the coefficients
    intercept: float
    r2: float  # weighted, over the samples; NaN if the target is constant over them
    r2_held_out: float  # the same, with each row predicted by a fit to the other rows
    saturated: float  # share of the values outside SATURATION_LIMITS, for probabilities; else 0
    f_x: float
    f_baseline: float
    local_prediction: float  # of the surrogate at x
    dead: tuple[int, ...]  # parts in which x equals the baseline
    samples: int  # rows of the fit


def fit(evaluate: Evaluator, x: NDArray[Any], baseline: NDArray[Any], parts: Parts, options: Options) -> Surrogate:
    """Fits the surrogate at `x`: how much does each part add to the target, compared with the baseline?

    Two more inputs than the rows of the fit are evaluated: x alone, in a call of its own, and the baseline.
    Errors: RequestError if x equals the baseline; ModelError if f(x) varies from call to call or with the batch, or if
    a value is not finite.
    """
    dead = parts.dead(x, baseline)
    if dead.all():
        raise RequestError(
            "The input equals the baseline in every part, so masking parts changes nothing. Choose another baseline."
        )
    (alone,) = evaluate(x[None])
    masks, values, f_baseline = Sampler(evaluate, x, baseline, parts, ~dead, options).sample()
    check_repeatable(evaluate, x, alone, values[0], options.tolerance * max(abs(alone), abs(f_baseline)))

    coefficients, errors = np.zeros(parts.count), np.zeros(parts.count)
    distances, kernel = cosine_distances(masks), exponential_kernel(options.kernel_width)
    penalty = options.alpha * len(masks)
    with one_thread():
        linear = ENGINES[options.engine](masks, values, distances, kernel, penalty)
        weights, predictions = kernel(distances), linear.predict(masks)
        uncertainty = estimate(masks, values, weights, predictions, penalty, pairs=options.engine == "fast")
    r2 = weighted_r2(values, predictions, weights)
    if not math.isnan(r2):  # else they are rounding noise
        coefficients[~dead], errors[~dead] = linear.coefficients, uncertainty.errors
    return Surrogate(
        coefficients=coefficients,
        errors=errors,
        intercept=linear.intercept,
        r2=r2,
        r2_held_out=weighted_r2(values, uncertainty.left_out, weights),
        saturated=saturation(values) if evaluate.probability else 0.0,
        f_x=float(values[0]),
        f_baseline=f_baseline,
        local_prediction=float(predictions[0]),
        dead=tuple(int(p) for p in np.flatnonzero(dead)),
        samples=len(masks),
    )
