"""Images as explain/ takes them: float32 (H, W, C) in [0, 1]."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explain.errors import RequestError
from serving.protocol.images import ImageError, decode_first


def check(x: ArrayLike) -> NDArray[np.float32]:
    """(H, W) or (H, W, C) in [0, 1] -> (H, W, C). Errors: RequestError."""
    image = np.asarray(x)
    if image.ndim == 2:
        image = image[:, :, None]
    if image.ndim != 3 or image.size == 0 or not np.issubdtype(image.dtype, np.number):
        raise RequestError(
            f"An image is numbers of shape (H, W) or (H, W, C); received {image.dtype} of shape {np.shape(x)}."
        )
    return check_range(image)


def check_range(x: NDArray[Any]) -> NDArray[np.float32]:
    """Pixels in [0, 1] of any shape -> float32. Errors: RequestError."""
    if not np.issubdtype(x.dtype, np.number) or not np.all((x >= 0) & (x <= 1)):
        received = f"values from {x.min():g} to {x.max():g}" if np.issubdtype(x.dtype, np.number) else str(x.dtype)
        raise RequestError(
            f"An image lies in [0, 1]; received {received}. Divide by 255, or map [-1, 1] to (x + 1) / 2."
        )
    return np.ascontiguousarray(x, np.float32)


def read_image(path: str | Path, shape: Sequence[int | None] | None = None) -> NDArray[np.float32]:
    """A picture file -> (H, W, C) in [0, 1], with the channels (1, 3 or 4) that `shape` (H, W, C) has; None is free.

    It is read as training reads it (serving.protocol.images): upright, transparent pixels on white.
    A picture of another size is refused, not resized: a discriminator notices how its images were resized.
    Errors: RequestError.
    """
    height, width, channels = shape if shape is not None else (None, None, None)
    if channels not in (None, 1, 3, 4):
        raise RequestError(
            f"A picture has 1 channel (grey), 3 (colour) or 4 (with alpha); {path} is to have {channels}. "
            "Call explain.explain with an array."
        )
    try:
        image = decode_first(Path(path), str(path), channels).astype(np.float32) / np.float32(255)
    except ImageError as error:
        raise RequestError(str(error)) from error
    if (height or image.shape[0], width or image.shape[1]) != image.shape[:2]:
        raise RequestError(
            f"{path} is {image.shape[1]} pixels wide and {image.shape[0]} high; the model takes {width} by {height}. "
            "Crop and resize it the way the training images were."
        )
    return image
