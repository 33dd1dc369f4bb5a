"""Explains one input, many inputs, or one input of two models."""

import time
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from explain.errors import RequestError
from explain.fit import surrogate
from explain.fit.options import Options
from explain.parts import baselines, inputs
from explain.quality.evaluation import evaluate
from explain.report.explanation import Explanation
from explain.sources.evaluator import Evaluator
from explain.sources.source import Source


def explain(
    source: Source,
    x: ArrayLike,
    *,
    map: inputs.Choice = None,
    samples: int | None = None,
    baseline: baselines.Baseline = 0.0,
    seed: int = 0,
    engine: str = Options.engine,
    alpha: float = Options.alpha,
    kernel_width: float = Options.kernel_width,
    agreement: float = Options.agreement,
    reference: ArrayLike | None = None,
    quality: bool = False,
) -> Explanation:
    """Which parts of the input `x` raise the source's target, and which lower it, compared with a baseline.

    x             an image (H, W, C) or (H, W) or a video (T, H, W, C), in [0, 1]; a table row (F,); tokens or a signal
                  (T,)
    map           a map; or labels 0..K-1 of the parts; or a function of x that returns a map; None: a grid for images
                  and videos, columns for a row, tokens for integers
    samples       most inputs in the fit, x included; None: 1000 for `lime`, for `fast` 513 or four replicates
    baseline      what replaces a masked part: a number, an array, "mean" (of each part), "blur", or Patches
    seed          of the masks; the same seed gives the same explanation
    engine        `fast`: balanced masks, as many as needed; `lime`: the package lime and independent masks
    alpha         ridge penalty per sample
    kernel_width  of the exponential weight kernel, in cosine distance
    agreement     `fast` stops when the error of the mean of independent replicates is smaller than this, relative to
                  the largest coefficient; 0: it uses all samples
    reference     a fixed batch (m, ...) with which each input is evaluated, for models that depend on their batch
    quality       evaluates quality metrics too; this takes some thousand more evaluations

    Errors: RequestError for wrong arguments; ModelError if the model's outputs vary; those of the source.
    """
    start = time.perf_counter()
    options = Options(samples, seed, engine, alpha, kernel_width, agreement=agreement)
    data, parts = inputs.check(x, map)
    replacement, name = baselines.resolve(baseline, data, parts, seed)
    batch = _reference(reference, data)
    evaluator = Evaluator(source, batch)
    found = surrogate.fit(evaluator, data, replacement, parts, options)
    seconds = time.perf_counter() - start
    measured = evaluate(source, data, replacement, parts, options, found, batch) if quality else None
    return Explanation(
        **{field.name: getattr(found, field.name) for field in fields(found)},
        labels=parts.labels,
        names=parts.names,
        kind=parts.kind,
        x=data,
        baseline=name,
        better_baseline=baselines.better(data, parts, replacement),
        model=source.model,
        version=source.version,
        target=source.target,
        engine=engine,
        reference_size=0 if batch is None else len(batch),
        seed=seed,
        alpha=alpha,
        kernel_width=kernel_width,
        evaluations=evaluator.evaluations,
        calls=evaluator.calls,
        seconds=seconds,
        quality=measured,
    )


def explain_many(
    source: Source, inputs: Iterable[ArrayLike], *, progress: bool = False, **options: Any
) -> list[Explanation]:
    """`explain` for each input, with its options. Inputs with the same number of live parts share their masks."""
    return [explain(source, x, **options) for x in tqdm(list(inputs), "explaining", disable=not progress)]


def compare(first: Source, second: Source, x: ArrayLike, **options: Any) -> tuple[Explanation, Explanation]:
    """Explains one input with two sources, such as two versions of a model, and the same masks.

    Both use all `samples`; the other options are those of `explain`.
    """
    one, other = (explain(source, x, **options | {"agreement": 0}) for source in (first, second))
    return one, other


def _reference(reference: ArrayLike | None, x: NDArray[Any]) -> NDArray[Any] | None:
    if reference is None:
        return None
    batch = np.asarray(reference, x.dtype)
    if batch.shape[1:] != x.shape or not len(batch):
        raise RequestError(
            f"A reference batch has the shape (m, {', '.join(map(str, x.shape))}); received {batch.shape}."
        )
    return batch
