"""Baselines: what replaces a masked part. Coefficients depend on this choice, so f(baseline) is reported with them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explain.errors import RequestError
from explain.parts.maps import Parts

RULES = ("mean", "blur")
"""`mean`: the mean of each part. `blur`: the input after a strong Gaussian blur."""


CONSTANTS, VISIBLE = (0.5, 0.0, 1.0), 0.01
"""Grey values that `better` tries for images, and the least change of a pixel that it counts."""


@dataclass(frozen=True, eq=False)
class Patches:
    """Replaces each masked part by the same region of a real example, so that regions stay in distribution.

    One of the `examples` (N, ...) is drawn per part.
    """

    examples: NDArray[Any]

    def __init__(self, examples: ArrayLike) -> None:
        object.__setattr__(self, "examples", np.asarray(examples))

    def draw(self, x: NDArray[Any], parts: Parts, seed: int) -> NDArray[Any]:
        """A patchwork of shape x.shape: each part is cut from a random example. Errors: RequestError."""
        if self.examples.shape[1:] != x.shape or not len(self.examples):
            raise RequestError(
                f"Patches takes examples of shape (N, {', '.join(map(str, x.shape))}); received {self.examples.shape}."
            )
        if parts.labels.shape != x.shape[: parts.labels.ndim]:
            raise RequestError(
                "Patches replace regions of the input, and time-frequency cells are none. Choose another baseline."
            )
        chosen = np.random.default_rng(seed).integers(len(self.examples), size=parts.count)[parts.labels]
        return np.asarray(self.examples[(chosen, *np.indices(parts.labels.shape))].astype(x.dtype))


Baseline = float | str | NDArray[Any] | Patches
"""A number, an array that broadcasts to the input (a colour (C,), the training mean of a table (F,)), the name of a
rule, or patches of real examples."""


def resolve(baseline: Baseline, x: NDArray[Any], parts: Parts, seed: int) -> tuple[NDArray[Any], str]:
    """The baseline as an array with the shape and dtype of `x`, and its name in reports. Errors: RequestError."""
    if isinstance(baseline, Patches):
        return baseline.draw(x, parts, seed), f"patches of {len(baseline.examples)} examples"
    if isinstance(baseline, str):
        if baseline not in RULES:
            known = ", ".join(map(repr, RULES))
            raise RequestError(f"There is no baseline {baseline!r}. Give a number in [0, 1], an image, or {known}.")
        if parts.kind == "tokens":
            raise RequestError(f"Tokens have no {baseline}. Give the integer of a neutral token, for example padding.")
        return (parts.means(x) if baseline == "mean" else _blurred(x, parts)), baseline
    array = np.asarray(baseline, x.dtype)
    if parts.kind in ("image", "video") and not (array.size and np.all((array >= 0) & (array <= 1))):
        received = f"values from {array.min():g} to {array.max():g}" if array.size else "no values"
        raise RequestError(f"The baseline of an image or video is in [0, 1]; received {received}. Divide by 255?")
    try:
        filled = np.ascontiguousarray(np.broadcast_to(array, x.shape))
    except ValueError:
        raise RequestError(
            f"The baseline of this {parts.kind} has its shape {x.shape}, or broadcasts to it; received {array.shape}."
        ) from None
    name = f"{float(array):g}" if array.ndim == 0 else f"an array of shape {array.shape}"
    return filled, name


def better(x: NDArray[Any], parts: Parts, current: NDArray[Any]) -> str | None:
    """The name of the baseline that masks the most parts, if that is more than `current` does; else None.

    Pixels of images that change by less than VISIBLE do not count as masked.
    """
    dead = int(parts.dead(x, current).sum())
    if not dead or parts.kind == "tokens":
        return None
    image = parts.kind in ("image", "video")
    rules = () if parts.kind == "table" else RULES
    counts = {}
    for name in (*rules, *(f"{value:g}" for value in (CONSTANTS if image else (0.0,)))):
        array, _ = resolve(name if name in RULES else float(name), x, parts, 0)
        counts[name] = int(parts.dead(x, np.where(np.abs(array - x) < VISIBLE, x, array) if image else array).sum())
    best = min(counts, key=lambda name: counts[name])
    return best if counts[best] < dead else None


def _blurred(x: NDArray[Any], parts: Parts) -> NDArray[Any]:
    """Gaussian blur in space and time, not over channels; σ is an eighth of each side."""
    from scipy.ndimage import gaussian_filter

    blurred = {"image": 2, "video": 3}.get(parts.kind, 1)
    sigma = [side / 8 if i < blurred else 0 for i, side in enumerate(x.shape)]
    return np.asarray(gaussian_filter(x, sigma, mode="reflect"))
