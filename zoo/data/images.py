"""Arrays of images: colour, size and range, each settled here and nowhere else.

Inside the zoo an image is float32 (H, W, C) in [-1, 1]. Until a batch is made it stays as it came: uint8, a
quarter of the memory, or float32 where the source had floats. Files are decoded by serving.protocol.images.
"""

from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from serving.protocol.images import recolour
from zoo.data.errors import DataError
from zoo.data.form import Shape

_ROUNDING = 1e-3
"""How far beyond its range a float may be by rounding alone; half precision rounds by 5e-4 near 1."""
_OVERSHOOT = 0.3
"""How far a bicubic or Lanczos resize may leave [0, 1]."""
_DARK = 64
"""Images whose brightest value is below, of 255, are nearly black."""


def normalise(x: Any) -> Any:
    """A stored array or tensor as float32 in [-1, 1]: uint8 v becomes v / 127.5 - 1, float32 stays."""
    if x.dtype.name != "uint8":
        return x
    return (tf.cast(x, tf.float32) if tf.is_tensor(x) else x.astype(np.float32)) / 127.5 - 1.0


def conform(images: np.ndarray, shape: Shape) -> np.ndarray:
    """Images (..., H, W, 1, 3 or 4), uint8 or float32 in [-1, 1], as (..., *shape) of the same type.

    Colour becomes grey by BT.601's luma, grey becomes colour by three equal channels. The resize is bilinear,
    over the whole support of an output pixel when it shrinks (antialiased), one channel at a time; transparent pixels
    give no colour to their neighbours.
    """
    if images.shape[-1] > shape[2]:
        images = recolour(images, shape[2])
    if images.shape[-3:-1] != shape[:2]:
        resize = _resize_with_alpha if images.shape[-1] == 4 else _resize
        images = resize(images, shape[0], shape[1])
    return recolour(images, shape[2])


def _resize(images: np.ndarray, height: int, width: int) -> np.ndarray:
    *lead, _, _, channels = images.shape
    out = np.empty((*lead, height, width, channels), images.dtype)
    for at in np.ndindex(*lead):
        for c in range(channels):
            plane = Image.fromarray(np.ascontiguousarray(images[at][..., c]))
            out[at][..., c] = np.asarray(plane.resize((width, height), Image.Resampling.BILINEAR))
    return out


def _resize_with_alpha(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """Colours are weighed by their alpha."""
    whole = images.dtype == np.uint8
    x = images.astype(np.float32) / 255 if whole else (images + 1) / 2
    weighed = _resize(np.concatenate([x[..., :3] * x[..., 3:], x[..., 3:]], axis=-1), height, width)
    alpha = weighed[..., 3:]
    out = np.concatenate([weighed[..., :3] / np.where(alpha > 0, alpha, 1), alpha], axis=-1)
    return np.rint(out * 255).astype(np.uint8) if whole else 2 * out - 1


def stored(x: np.ndarray, what: str, span: tuple[float, float] | None = None) -> np.ndarray:
    """Any array of images (N, H, W) or (N, H, W, 1, 3 or 4), or of videos or volumes (N, T, H, W, 1, 3 or 4), as uint8,
    or float32 in [-1, 1], (N[, T], H, W, C).

    The range is read off the whole array unless `span` says which values are black and white. Integers are bytes;
    booleans black and white; floats the first of [0, 1], [-1, 1] and [0, 255] that holds them all, but for rounding.

    Errors: DataError for another shape, values outside these ranges or of which it is not clear which range they are
    in, integers of only 0 and 1, NaN or infinity.
    """
    if x.ndim == 3:
        x = x[..., None]
    if x.ndim not in (4, 5) or x.shape[-1] not in (1, 3, 4):
        first = x.ndim == 4 and x.shape[1] in (1, 3)
        repair = "Put the channels last: x.transpose(0, 2, 3, 1)." if first else "Reshape it, or say its --kind."
        raise DataError(
            f"{what} has the shape {x.shape}; images are (N, H, W) or (N, H, W, 1, 3 or 4), videos "
            f"(N, T, H, W, 1, 3 or 4). {repair}"
        )
    if x.dtype == bool:
        return x.astype(np.uint8) * np.uint8(255)
    if x.dtype.kind not in "iuf":
        raise DataError(f"{what} holds values of type {x.dtype}; pixels are uint8 or floats. Convert it with astype.")
    finite(x, what)
    if span is not None:
        return spanned(x, span)
    return _bytes(x, what) if x.dtype.kind in "iu" else _floats(x, what)


def spanned(x: np.ndarray, span: tuple[float, float]) -> np.ndarray:
    """Any numbers as float32 in [-1, 1]: `span` becomes -1 and 1, what is beyond is cut off."""
    low, high = span
    scaled: np.ndarray = np.clip((x.astype(np.float32) - low) * (2 / (high - low)) - 1, -1, 1).astype(np.float32)
    return scaled


def _bytes(x: np.ndarray, what: str) -> np.ndarray:
    low, high = int(x.min()), int(x.max())
    if low < 0 or high > 255:
        raise _outside(x, what)
    if high == 1:
        raise DataError(
            f"{what} has only 0 and 1, as integers of [0, 255]: all black. Convert it with astype(bool), or give "
            "--range=0,1."
        )
    return x.astype(np.uint8, copy=False)


def _floats(x: np.ndarray, what: str) -> np.ndarray:
    low, high = float(x.min()), float(x.max())
    positive, signed = low >= -_ROUNDING, low >= -1 - _ROUNDING
    if high <= 1 + _ROUNDING:
        if positive:
            return spanned(x, (0, 1))
        if low < -_OVERSHOOT and signed:
            return spanned(x, (-1, 1))
    elif low >= 0 and np.all(x == np.rint(x)) and high <= 255:
        return x.astype(np.uint8)
    if low >= -1 - _OVERSHOOT and high <= 1 + 3 * _OVERSHOOT:
        other = "[0, 255] and nearly black" if positive else "[-1, 1]"
        flag = "0,255" if positive else "-1,1"
        raise DataError(
            f"{what} has values in [{low:g}, {high:g}]: are they in [0, 1], and a resize overshot it, or in {other}? "
            f"Say so: --range=0,1 cuts off what is beyond, --range={flag} is the other reading."
        )
    if positive and high <= 255 * (1 + _ROUNDING):
        return spanned(x, (0, 255))
    raise _outside(x, what)


def _outside(x: np.ndarray, what: str) -> DataError:
    low, high = float(x.min()), float(x.max())
    top = _full(high) if low >= 0 and x.dtype.kind in "iu" else high
    return DataError(
        f"{what} has values in [{low:g}, {high:g}]; images are in [0, 255], or as floats in [0, 1] or [-1, 1]. "
        f"Rescale it first, or say which values are black and white, as in --range={min(low, 0):g},{top:g}."
    )


def _full(high: float) -> int:
    """The largest number of as few bits as `high` needs: 4095 for 4000."""
    return int(2 ** np.ceil(np.log2(high + 1))) - 1


def dark(high: float, white: float = 255) -> str:
    """What to say of images whose brightest value is `high` where `white` would be white; empty where that is fine."""
    if not 0 < high * 255 < _DARK * white:
        return ""
    top = high if white == 255 or high <= 1 else _full(high)
    return f"nearly black (no value is above {top:g} of {white:g}): --range=0,{top:g} rescales"


def finite(x: np.ndarray, what: str) -> None:
    """Errors: DataError if a value is NaN or infinite; it says how many, and in which example the first."""
    bad = ~np.isfinite(x)
    if bad.any():
        raise DataError(
            f"{what} holds {int(bad.sum())} values that are NaN or infinite, the first in example "
            f"{int(np.argwhere(bad)[0, 0])}. Remove or fill them."
        )
