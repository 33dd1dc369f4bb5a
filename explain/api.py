"""The one call: a source and an image -> an explanation."""

import time

from numpy.typing import ArrayLike

from explain import baselines, core, images, maps
from explain.errors import RequestError
from explain.explanation import Explanation
from explain.sources import Meter, Source


def explain(
    source: Source,
    x: ArrayLike,
    *,
    map: maps.Map | ArrayLike | None = None,
    samples: int = 1000,
    baseline: baselines.Baseline = 0.0,
    seed: int = 0,
    engine: str = "lime",
    alpha: float = core.Options.alpha,
    kernel_width: float = core.Options.kernel_width,
) -> Explanation:
    """Which parts of the image `x` raise and which lower the source's target, against a baseline.

    x             (H, W, C) or (H, W), in [0, 1]
    map           labels (H, W) of the parts, 0..K-1; a grid of 7 by 7 if None
    samples       rows of the fit: images sent to the model, but for four more that probe it
    baseline      in [0, 1]: a number, a colour (C,), an image; or "mean", each part's own mean
    seed          the same seed gives the same explanation
    alpha         ridge penalty for each sample
    kernel_width  of the package's exponential kernel, in cosine distance

    Errors: RequestError for these arguments; ModelError for a model whose answers vary; the source's own.
    """
    start = time.perf_counter()
    options = core.Options(samples, seed, engine, alpha, kernel_width)
    image = images.check(x)
    parts = _map(map, image.shape)
    hidden, name = baselines.resolve(baseline, image, parts)
    meter = Meter(source)
    result = core.run(meter, image, hidden, parts, options)
    return Explanation(
        **{field: getattr(result, field) for field in core.Result.__dataclass_fields__},
        labels=parts.labels,
        image=image,
        baseline=name,
        model=source.model,
        version=source.version,
        target=source.target,
        engine=engine,
        samples=samples,
        seed=seed,
        alpha=alpha,
        kernel_width=kernel_width,
        evaluations=meter.evaluations,
        calls=meter.calls,
        seconds=time.perf_counter() - start,
    )


def _map(map: maps.Map | ArrayLike | None, shape: tuple[int, ...]) -> maps.Map:
    if map is None:
        return maps.grid(shape)
    parts = map if isinstance(map, maps.Map) else maps.Map(map)
    if parts.labels.shape != shape[:2]:
        raise RequestError(f"The map has the shape {parts.labels.shape}; for this image it is {shape[:2]}.")
    return parts
