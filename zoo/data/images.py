"""Images: decoding, colour, size and range, each settled here and nowhere else.

Inside the zoo an image is float32 (H, W, C) in [-1, 1]. Until a batch is made it stays as it came: uint8, a
quarter of the memory, or float32 where the source had floats.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

from zoo.data.errors import DataError

Shape = tuple[int, int, int]
"""(height, width, channels)."""

_GREY, _DEEP = ("1", "L", "LA", "La"), ("I;16", "I;16L", "I;16B", "I;16N")
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as in JPEG
_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap height and width


def normalise(x: Any) -> Any:
    """A stored array or tensor as float32 in [-1, 1]: uint8 v becomes v / 127.5 - 1, float32 stays."""
    if x.dtype.name != "uint8":
        return x
    return (tf.cast(x, tf.float32) if tf.is_tensor(x) else x.astype(np.float32)) / 127.5 - 1.0


@dataclass(frozen=True)
class Format:
    """What images are to become: `size` (height, width) and `channels`, None for what they are.

    Make it with `of`, which checks.
    """

    size: tuple[int, int] | None = None
    channels: int | None = None

    @classmethod
    def of(cls, size: int | tuple[int, int] | None, channels: int | None) -> "Format":
        """Errors: DataError unless size is one or two positive numbers, and channels 1 or 3."""
        pair = (size, size) if isinstance(size, int) else size
        if pair is not None and (len(pair) != 2 or not all(isinstance(n, int) and n > 0 for n in pair)):
            raise DataError(f"size is a number of pixels or (height, width); received {size!r}. Example: 32.")
        if channels not in (None, 1, 3):
            raise DataError(f"channels is 1 (grey) or 3 (colour); received {channels!r}.")
        return cls(None if pair is None else (pair[0], pair[1]), channels)

    def shape(self, headers: Iterable[tuple[str, Shape]]) -> Shape:
        """The one shape that images with these (name, header) become.

        Errors: DataError where they differ in something that this format leaves open; it names two of them.
        """
        first: tuple[str, Shape] | None = None
        for what, (height, width, channels) in headers:
            first = first or (what, (height, width, channels))
            if self.size is None and first[1][:2] != (height, width):
                was = f"{first[1][0]}x{first[1][1]}"
                raise DataError(
                    f"The images have different sizes: {first[0]} is {was} and {what} is {height}x{width} "
                    f"(height x width). Give one size for all, as in size={min(height, width)}."
                )
            if self.channels is None and first[1][2] != channels:
                grey, colour = (first[0], what) if channels == 3 else (what, first[0])
                raise DataError(f"{grey} is grey and {colour} is colour. Give channels=1 or channels=3 for all.")
        if first is None:
            raise DataError("There are no images.")
        return (*(self.size or first[1][:2]), self.channels or first[1][2])


def conform(images: np.ndarray, shape: Shape) -> np.ndarray:
    """Images (..., H, W, 1 or 3), uint8 or float32, as (..., *shape) of the same type.

    Colour becomes grey by BT.601's luma, grey becomes colour by three equal channels. The resize is bilinear,
    over the whole support of an output pixel when it shrinks (antialiased), one channel at a time.
    """
    if images.shape[-1] == 3 and shape[2] == 1:
        grey = images.astype(np.float32) @ _LUMA
        images = (grey.round() if images.dtype == np.uint8 else grey).astype(images.dtype)[..., None]
    if images.shape[-3:-1] != shape[:2]:
        images = _resize(images, shape[0], shape[1])
    return np.repeat(images, 3, axis=-1) if images.shape[-1] < shape[2] else images


def _resize(images: np.ndarray, height: int, width: int) -> np.ndarray:
    *lead, _, _, channels = images.shape
    out = np.empty((*lead, height, width, channels), images.dtype)
    for at in np.ndindex(*lead):
        for c in range(channels):
            plane = Image.fromarray(np.ascontiguousarray(images[at][..., c]))
            out[at][..., c] = np.asarray(plane.resize((width, height), Image.Resampling.BILINEAR))
    return out


def stored(x: np.ndarray, what: str) -> np.ndarray:
    """Any array of images (N, H, W) or (N, H, W, 1 or 3), or of videos (N, T, H, W, 1 or 3), as uint8, or float32 in
    [-1, 1], (N[, T], H, W, C).

    The range is read off the whole array. Integers are bytes; booleans black and white; floats the first of
    [0, 1], [-1, 1] and [0, 255] that holds them all.

    Errors: DataError for another shape, values outside these ranges, integers of only 0 and 1, NaN or
    infinity.
    """
    if x.ndim == 3:
        x = x[..., None]
    if x.ndim not in (4, 5) or x.shape[-1] not in (1, 3):
        first = x.ndim == 4 and x.shape[1] in (1, 3)
        repair = "Put the channels last: x.transpose(0, 2, 3, 1)." if first else "Reshape it; drop an alpha channel."
        raise DataError(
            f"{what} has the shape {x.shape}; images are (N, H, W) or (N, H, W, 1 or 3), videos (N, T, H, W, 1 or 3). "
            f"{repair}"
        )
    if x.dtype == bool:
        return x.astype(np.uint8) * np.uint8(255)
    if x.dtype.kind not in "iuf":
        raise DataError(f"{what} holds values of type {x.dtype}; pixels are uint8 or floats. Convert it with astype.")
    finite(x, what)
    low, high = x.min(), x.max()
    whole = x.dtype.kind in "iu" or (high > 1 and np.all(x == np.rint(x)))
    if low < (0 if whole else -1) or high > (1 if low < 0 else 255):
        raise DataError(
            f"{what} has values in [{low:g}, {high:g}]; images are in [0, 255], "
            "or as floats in [0, 1] or [-1, 1]. Rescale it first."
        )
    if x.dtype.kind in "iu" and high == 1:
        raise DataError(f"{what} has only 0 and 1, as integers of [0, 255]: all black. Convert it with astype(bool).")
    if whole:
        return x.astype(np.uint8, copy=False)
    x = x.astype(np.float32)
    return x if low < 0 else 2.0 * x - 1.0 if high <= 1 else x / 127.5 - 1.0


def finite(x: np.ndarray, what: str) -> None:
    """Errors: DataError if a value is NaN or infinite; it says how many, and in which example the first."""
    bad = ~np.isfinite(x)
    if bad.any():
        raise DataError(
            f"{what} holds {int(bad.sum())} values that are NaN or infinite, the first in example "
            f"{int(np.argwhere(bad)[0, 0])}. Remove or fill them."
        )


def header(source: Path | bytes, what: str) -> Shape:
    """An encoded image's (height, width, 1 or 3), from its first bytes. Errors: as `decode`."""
    try:
        with Image.open(BytesIO(source) if isinstance(source, bytes) else source) as image:
            turned = image.format == "JPEG" and image.getexif().get(0x0112) in _TURNED
            height, width = (image.width, image.height) if turned else (image.height, image.width)
            return height, width, _channels(image.mode, what)
    except _BROKEN as error:
        raise _undecodable(what, error) from None


def decode(source: Path | bytes, what: str) -> np.ndarray:
    """An encoded image as uint8 (H, W, 1 or 3), upright as a JPEG's EXIF says; no alpha, 16 bits become 8.

    Errors: DataError, which names `what`.
    """
    try:
        with Image.open(BytesIO(source) if isinstance(source, bytes) else source) as image:
            channels = _channels(image.mode, what)
            pixels = ImageOps.exif_transpose(image) if image.format == "JPEG" else image
            if pixels.mode in _DEEP:
                return (np.asarray(pixels) / 257.0).round().astype(np.uint8)[..., None]
            if "transparency" in pixels.info:
                pixels = pixels.convert("RGBA" if channels == 3 else "LA")
            return np.asarray(pixels.convert("RGB" if channels == 3 else "L")).reshape(*pixels.size[::-1], channels)
    except _BROKEN as error:
        raise _undecodable(what, error) from None


_BROKEN = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)
"""All that Pillow raises for bytes that are no image."""


def _undecodable(what: str, error: Exception) -> DataError:
    return DataError(f"{what} cannot be read as an image ({error}). Replace it or remove it.")


def _channels(mode: str, what: str) -> int:
    if mode in ("I", "F"):
        raise DataError(f"{what} has 32 bits a pixel (mode {mode}); images have 8 or 16. Convert it to 8 bits.")
    return 1 if mode in _GREY + _DEEP else 3
