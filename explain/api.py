"""The one call: a source and an input -> an explanation."""

import time

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explain.errors import RequestError
from explain.fit import lime as core
from explain.parts import baselines, inputs
from explain.quality.assess import assess
from explain.report.explanation import Explanation
from explain.sources.source import Meter, Source


def explain(
    source: Source,
    x: ArrayLike,
    *,
    map: inputs.Choice = None,
    samples: int | None = None,
    baseline: baselines.Baseline = 0.0,
    seed: int = 0,
    engine: str = core.Options.engine,
    alpha: float = core.Options.alpha,
    kernel_width: float = core.Options.kernel_width,
    agreement: float = core.Options.agreement,
    reference: ArrayLike | None = None,
    quality: bool = False,
) -> Explanation:
    """Which parts of the input `x` raise and which lower the source's target, against a baseline.

    x             an image (H, W, C) or (H, W), or a video (T, H, W, C), in [0, 1]; a table's row (F,), tokens or a
                  signal (T,)
    map           see maps.py, spectrum.py, segments.py; or labels 0..K-1 of the parts, or a function of x; for None see
                  inputs.py
    samples       inputs in the fit at most, x among them; None: 1000 for `lime`, 513 or four replicates for `fast`
    baseline      what a hidden part shows: a number, an array, "mean" (each part's own), "blur", or Patches
    seed          the same seed gives the same explanation
    engine        `fast`: balanced masks, as many as it takes; `lime`: the package and its coins
    alpha         ridge penalty for each sample
    kernel_width  of the package's exponential kernel, in cosine distance
    agreement     `fast` stops when independent replicates err by less, relative to the largest coefficient; 0: never
    reference     inputs (m, ...) in whose company each input is evaluated, for a model that looks at its batch
    quality       measures its faithfulness, stability and sanity too: some thousand evaluations more, see quality.py

    Errors: RequestError for these arguments; ModelError for a model whose answers vary; the source's own.
    """
    start = time.perf_counter()
    options = core.Options(samples, seed, engine, alpha, kernel_width, agreement=agreement)
    data, parts = inputs.check(x, map)
    hidden, name = baselines.resolve(baseline, data, parts, seed)
    company = _company(reference, data)
    meter = Meter(source, company)
    result = core.run(meter, data, hidden, parts, options)
    seconds = time.perf_counter() - start
    measured = assess(source, data, hidden, parts, options, result, company) if quality else None
    return Explanation(
        **{field: getattr(result, field) for field in core.Result.__dataclass_fields__},
        labels=parts.labels,
        names=parts.names,
        kind=parts.kind,
        x=data,
        baseline=name,
        model=source.model,
        version=source.version,
        target=source.target,
        engine=engine,
        company=0 if company is None else len(company),
        seed=seed,
        alpha=alpha,
        kernel_width=kernel_width,
        evaluations=meter.evaluations,
        calls=meter.calls,
        seconds=seconds,
        quality=measured,
    )


def _company(reference: ArrayLike | None, x: NDArray) -> NDArray | None:
    if reference is None:
        return None
    company = np.asarray(reference, x.dtype)
    if company.shape[1:] != x.shape or not len(company):
        raise RequestError(
            f"The reference batch is inputs (m, {', '.join(map(str, x.shape))}); received {company.shape}."
        )
    return company
