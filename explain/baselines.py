"""What shows where a part is hidden. The choice decides the explanation: f(baseline) is reported with it."""

import numpy as np
from numpy.typing import NDArray

from explain.errors import RequestError
from explain.maps import Map

Baseline = float | str | NDArray
"""A value for every pixel, an array that broadcasts to the image (a colour: (C,)), or the name of a rule."""

RULES = {"mean": lambda x, parts: parts.means(x)}  # each part's own mean colour


def resolve(baseline: Baseline, x: NDArray[np.float32], parts: Map) -> tuple[NDArray[np.float32], str]:
    """The baseline as an array of x's shape, in [0, 1], and its name for the report. Errors: RequestError."""
    if isinstance(baseline, str):
        if baseline not in RULES:
            known = ", ".join(map(repr, sorted(RULES)))
            raise RequestError(f"There is no baseline {baseline!r}. Give a number in [0, 1], an image, or {known}.")
        return RULES[baseline](x, parts), baseline
    array = np.asarray(baseline, np.float32)
    if not (array.size and np.all((array >= 0) & (array <= 1))):
        received = f"values from {array.min():g} to {array.max():g}" if array.size else "no values"
        raise RequestError(f"A baseline lies in [0, 1], as images do; received {received}. Divide by 255?")
    try:
        filled = np.ascontiguousarray(np.broadcast_to(array, x.shape))
    except ValueError:
        raise RequestError(
            f"A baseline has the shape of the image, {x.shape}, or of its channels; received {array.shape}."
        ) from None
    name = f"{float(array):g}" if array.ndim == 0 else f"an array of shape {array.shape}"
    return filled, name
