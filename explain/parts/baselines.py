"""What shows where a part is hidden. The choice decides the explanation: f(baseline) is reported with it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explain.errors import RequestError
from explain.parts.maps import Parts

RULES = ("mean", "blur")
"""`mean`: each part's own mean. `blur`: the input, blurred until its detail is gone."""


@dataclass(frozen=True, eq=False)
class Patches:
    """Each part hides behind the same place of a real example, drawn for it: the parts stay in distribution."""

    examples: NDArray

    def __init__(self, examples: ArrayLike) -> None:
        object.__setattr__(self, "examples", np.asarray(examples))

    def draw(self, x: NDArray, parts: Parts, seed: int) -> NDArray:
        """The examples (N, *x.shape), one for each part -> a patchwork of x's shape. Errors: RequestError."""
        if self.examples.shape[1:] != x.shape or not len(self.examples):
            raise RequestError(
                f"Patches are cut from examples (N, {', '.join(map(str, x.shape))}); received {self.examples.shape}."
            )
        if parts.labels.shape != x.shape[: parts.labels.ndim]:
            raise RequestError("Patches hide places of the input; time-frequency cells have none. Choose another.")
        chosen = np.random.default_rng(seed).integers(len(self.examples), size=parts.parts)[parts.labels]
        return self.examples[(chosen, *np.indices(parts.labels.shape))].astype(x.dtype)


Baseline = float | str | NDArray | Patches
"""A value everywhere, an array that broadcasts to the input (a colour: (C,); a table's training mean: (F,)), the name
of a rule, or patches of real examples."""


def resolve(baseline: Baseline, x: NDArray, parts: Parts, seed: int) -> tuple[NDArray, str]:
    """The baseline as an array of x's shape and type, and its name for the report. Errors: RequestError."""
    if isinstance(baseline, Patches):
        return baseline.draw(x, parts, seed), f"patches of {len(baseline.examples)} examples"
    if isinstance(baseline, str):
        if baseline not in RULES:
            known = ", ".join(map(repr, RULES))
            raise RequestError(f"There is no baseline {baseline!r}. Give a number in [0, 1], an image, or {known}.")
        if parts.kind == "tokens":
            raise RequestError(f"Tokens have no {baseline}. Give the number of the token that stands for none.")
        return (parts.means(x) if baseline == "mean" else _blurred(x, parts)), baseline
    array = np.asarray(baseline, x.dtype)
    if parts.kind in ("image", "video") and not (array.size and np.all((array >= 0) & (array <= 1))):
        received = f"values from {array.min():g} to {array.max():g}" if array.size else "no values"
        raise RequestError(f"A baseline lies in [0, 1], as images do; received {received}. Divide by 255?")
    try:
        filled = np.ascontiguousarray(np.broadcast_to(array, x.shape))
    except ValueError:
        raise RequestError(
            f"A baseline has the shape of the {parts.kind}, {x.shape}, or of its channels; received {array.shape}."
        ) from None
    name = f"{float(array):g}" if array.ndim == 0 else f"an array of shape {array.shape}"
    return filled, name


def _blurred(x: NDArray, parts: Parts) -> NDArray:
    """A Gaussian blur along the places, an eighth of each side wide; channels stay apart."""
    from scipy.ndimage import gaussian_filter

    places = x.ndim if parts.kind == "spectrogram" else parts.labels.ndim
    sigma = [side / 8 if i < places else 0 for i, side in enumerate(x.shape)]
    return gaussian_filter(x, sigma, mode="reflect")
