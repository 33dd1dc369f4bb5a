"""Merging the rows of several requests into one tensor, with TF Serving's messages if they do not fit together."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.protocol.errors import Code, error


def count(inputs: Mapping[str, NDArray[Any]]) -> int:
    """The number of rows of a request. Errors: InvalidRequest if its inputs differ in it, or have no dimension."""
    if not inputs:
        raise error(Code.INVALID_ARGUMENT, "Batching Run() must have at least one input tensor")
    if any(value.ndim == 0 for value in inputs.values()):
        raise error(Code.INVALID_ARGUMENT, "Batching Run() input tensors must have at least one dimension")
    sizes = {len(value) for value in inputs.values()}
    if len(sizes) > 1:
        raise error(Code.INVALID_ARGUMENT, "Batching Run() input tensors must have equal 0th-dimension size")
    return sizes.pop()


def merged(parts: list[NDArray[Any]], name: str, missing: int, padding: bool) -> NDArray[Any]:
    """The rows of all parts in one tensor, followed by `missing` copies of the last part's first row."""
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) > 1:
        if not padding or len({len(shape) for shape in shapes}) > 1:
            raise error(
                Code.FAILED_PRECONDITION,
                f"Tensors with name '{name}' from different tasks have different shapes and padding is turned off. "
                "Set pad_variable_length_inputs to true, or ensure that all tensors with the same name have equal "
                "dimensions starting with the first dim.",
            )
        largest = np.max(list(shapes), axis=0)
        parts = [_widened(part, largest) for part in parts]
    if missing:
        parts = [*parts, np.repeat(parts[-1][:1], missing, axis=0)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _widened(part: NDArray[Any], shape: NDArray[Any]) -> NDArray[Any]:
    wide = np.full((len(part), *shape), part.flat[0] if part.size else np.zeros((), part.dtype), part.dtype)
    wide[tuple(slice(side) for side in part.shape)] = part
    return wide
