"""Checks of the explained input against its map, and the default map of each kind of input."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explain.errors import RequestError
from explain.parts import images, maps
from explain.parts.spectrogram import Cells

Choice = maps.Parts | ArrayLike | Callable[[NDArray[Any]], maps.Parts] | None
"""A map, an array of labels, a function that makes a map from the input (such as `slic`), or None for the default."""


def check(x: ArrayLike, map: Choice) -> tuple[NDArray[Any], maps.Parts]:
    """The input as float32 (tokens: int64) in its full shape, and its map.

    Default maps: images (H, W) and (H, W, C) get a grid of 7 by 7, videos (T, H, W, C) one of 3 by 4 by 4, both fewer
    if parts would be smaller than 2 by 2 pixels; table rows (F,) get their columns, and integers (T,) their tokens.
    Errors: RequestError.
    """
    array = np.asarray(x)
    parts = _parts(array, map)
    if parts.kind == "video" and array.ndim == 3:  # labels (H, W, C) of an image
        parts = maps.Map(parts.labels, kind="image", names=parts.names)
    if parts.kind == "image":
        array = images.check(array)
    elif parts.kind == "tokens":
        if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
            raise RequestError(f"Tokens are integers of shape (T,); received {array.dtype} of shape {array.shape}.")
        array = array.astype(np.int64)
    else:
        array = images.check_range(array) if parts.kind == "video" else _numbers(array)
    parts.check(array.shape)
    return array, parts


def _parts(x: NDArray[Any], map: Choice) -> maps.Parts:
    if map is None:
        return _default(x)
    if callable(map):
        return map(images.check(x) if x.ndim == 2 else x)
    return map if isinstance(map, maps.Map | Cells) else maps.Map(np.asarray(map))


def _default(x: NDArray[Any]) -> maps.Parts:
    if x.ndim == 1 and x.size:
        return maps.tokens(x) if np.issubdtype(x.dtype, np.integer) else maps.columns(x)
    if x.ndim == 4 and x.size:
        return maps.video_grid(x.shape)
    return maps.grid(images.check(x).shape)


def _numbers(x: NDArray[Any]) -> NDArray[np.float32]:
    if not np.issubdtype(x.dtype, np.number) or not np.all(np.isfinite(x)):
        raise RequestError(f"An input must be finite numbers; received {x.dtype} of shape {x.shape}.")
    return np.ascontiguousarray(x, np.float32)
