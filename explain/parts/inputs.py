"""What is explained, as explain/ takes it, by the kind of its map; and the map of an input that came without one."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explain.errors import RequestError
from explain.parts import images, maps
from explain.parts.spectrum import Cells

Choice = maps.Parts | ArrayLike | Callable[[NDArray], maps.Parts] | None
"""A map, labels, a function that makes a map of the input (as `slic` does), or None for the default."""


def check(x: ArrayLike, map: Choice) -> tuple[NDArray, maps.Parts]:
    """An input and its map, if any -> float32 of its full shape, tokens int64; and the map.

    Without a map: (H, W) and (H, W, C) are images in a grid of 7 by 7; (T, H, W, C) videos in one of 3 by 4 by 4; (F,)
    a table's row, or tokens where they are integers. Errors: RequestError.
    """
    array = np.asarray(x)
    parts = _parts(array, map)
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


def _parts(x: NDArray, map: Choice) -> maps.Parts:
    if map is None:
        return _default(x)
    if callable(map):
        return map(images.check(x) if x.ndim == 2 else x)
    return map if isinstance(map, maps.Map | Cells) else maps.Map(np.asarray(map))


def _default(x: NDArray) -> maps.Parts:
    if x.ndim == 1 and x.size:
        return maps.tokens(x) if np.issubdtype(x.dtype, np.integer) else maps.columns(x)
    if x.ndim == 4 and x.size:
        return maps.grid(x.shape, (3, 4, 4))
    return maps.grid(images.check(x).shape)


def _numbers(x: NDArray) -> NDArray[np.float32]:
    if not np.issubdtype(x.dtype, np.number) or not np.all(np.isfinite(x)):
        raise RequestError(f"An input is finite numbers; received {x.dtype} of shape {x.shape}.")
    return np.ascontiguousarray(x, np.float32)
