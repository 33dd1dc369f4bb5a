"""Images as explain/ takes them: float32 (H, W, C) in [0, 1]."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, UnidentifiedImageError

from explain.errors import RequestError

MODES = {1: "L", 3: "RGB"}
"""Pillow's mode for each number of channels."""

EIGHT_BITS = ("1", "L", "LA", "P", "RGB", "RGBA")
"""The modes that Pillow converts to those of MODES without clipping."""


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
    """A picture file -> (H, W, C) in [0, 1], grey or colour as `shape` (H, W, C) asks; None for what is free.

    A picture of another size is refused, not resized: a discriminator notices how its images were resized.
    Errors: RequestError.
    """
    height, width, channels = shape if shape is not None else (None, None, None)
    try:
        with Image.open(path) as file:
            channels = channels or (1 if file.mode in ("1", "L", "LA") else 3)
            if channels not in MODES or file.mode not in EIGHT_BITS:
                raise RequestError(
                    f"A picture file gives 1 or 3 channels of 8 bits; {path} has the mode {file.mode}, and {channels} "
                    "channels are asked for. Convert it, or call explain.explain with an array."
                )
            image = np.asarray(file.convert(MODES[channels])).astype(np.float32) / np.float32(255)
    except (UnidentifiedImageError, OSError) as error:
        raise RequestError(f"{path} cannot be read as a picture ({error}). Give a PNG or JPEG file.") from error
    if (height or image.shape[0], width or image.shape[1]) != image.shape[:2]:
        raise RequestError(
            f"{path} is {image.shape[1]} pixels wide and {image.shape[0]} high; the model takes {width} by {height}. "
            "Crop and resize it the way the training images were."
        )
    return image.reshape(*image.shape[:2], channels)
