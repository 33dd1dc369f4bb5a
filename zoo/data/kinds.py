"""Arrays of each kind as a feature and what a split stores. An array whose kind is in doubt is refused."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from serving.protocol.images import laid_on
from zoo.core import features
from zoo.core.columns import Column
from zoo.core.features import Feature
from zoo.data import labels
from zoo.data.errors import DataError
from zoo.data.form import Format
from zoo.data.images import conform, dark, finite, spanned, stored

_ROUNDING = 1e-3


class Stored(NamedTuple):
    """A feature, its values as a split stores them, the values' range as it came, and what is to be said of them."""

    feature: Feature
    x: np.ndarray
    values: tuple[float, float] | None = None
    warning: str = ""


def of(x: np.ndarray, learn: np.ndarray, form: Format, what: str) -> Stored:
    """An array (N, ...) of the kind that `form` or its shape says.

    Args:
      learn: which rows are trained on, bool (N,): scales and vocabularies are theirs.

    Errors: DataError where the kind is in doubt, and for values that the kind does not have.
    """
    kind = form.kind or seen(x, what)
    numbers = kind not in ("tokens", "image", "video", "volume")
    if numbers and x.dtype.kind not in "iufb":
        raise DataError(f"{what} holds values of type {x.dtype}; a {kind} has numbers. Encode them first.")
    if numbers:
        finite(x, what)
    made = _MAKERS[kind](x, learn, form, what)
    if made.values is None and x.dtype.kind in "iufb":
        return made._replace(values=(float(x.min()), float(x.max())))
    return made


def seen(x: np.ndarray, what: str) -> str:
    """The kind that an array's shape leaves no doubt of. Errors: DataError."""
    shape = x.shape
    if x.dtype.kind in "USO" and x.ndim == 1:
        return "tokens"
    if x.ndim == 2:
        length = shape[1]
        readings = {
            "table": f"a table of {length} columns",
            "series": f"series of {length} steps",
            "audio": f"sounds of {length} samples",
            "vector": f"vectors of {length} numbers",
        }
        raise _doubt(what, shape, readings)
    if x.ndim == 3:
        sides = sorted(shape[1:])
        if sides[1] <= 4 * sides[0] and (sides[0] > 4 or sides[0] == sides[1] or x.dtype == np.uint8):
            return "image"
        steps, channels = shape[1:]
        readings = {
            "series": f"series of {steps} steps and {channels} channels",
            "audio": f"sounds of {steps} samples and {channels} channels",
            "image": f"grey images of {steps}x{channels}",
        }
        raise _doubt(what, shape, readings)
    if x.ndim == 4 and shape[-1] not in (1, 3, 4) and shape[1] not in (1, 3):
        raise _doubt(what, shape, {"volume": "volumes (N, D, H, W)", "video": "videos of grey frames (N, T, H, W)"})
    if x.ndim == 5 and shape[1] == shape[2] == shape[3] and shape[4] == 1:
        raise _doubt(what, shape, {"volume": "volumes (N, D, H, W, 1)", "video": "videos (N, T, H, W, 1)"})
    if x.ndim in (4, 5):
        return "image" if x.ndim == 4 else "video"
    raise DataError(
        f"{what} has the shape {shape}; images are (N, H, W[, C]), videos (N, T, H, W, C), series (N, T[, C]), a table "
        "(N, F), texts (N,). Reshape it."
    )


def _doubt(what: str, shape: tuple[int, ...], readings: Mapping[str, str]) -> DataError:
    *first, last = readings.values()
    flags = ", ".join(f"--kind={kind}" for kind in readings)
    return DataError(
        f"{what} has the shape {shape}: {', '.join(first)} or {last}? Say which, with one of {flags} (kind= in Python, "
        "or a file beside it: docs/data.md)."
    )


def _image(x: np.ndarray, learn: np.ndarray, form: Format, what: str) -> Stored:
    return _pictured(x, form, what, 4)


def _video(x: np.ndarray, learn: np.ndarray, form: Format, what: str) -> Stored:
    return _pictured(x[..., None] if x.ndim == 4 else x, form, what, 5)


def _volume(x: np.ndarray, learn: np.ndarray, form: Format, what: str) -> Stored:
    if form.size:
        raise DataError(f"{what} has volumes; size is for images. Omit it.")
    return _pictured(x[..., None] if x.ndim == 4 else x, form, what, 5)


def _pictured(x: np.ndarray, form: Format, what: str, rank: int) -> Stored:
    y = stored(x, what, form.span)
    if y.ndim != rank:
        raise DataError(f"{what} has the shape {x.shape}, which no {form.kind} has. Reshape it, or say another --kind.")
    if y.shape[-1] == 4 and form.channels != 4:
        if form.channels is None:
            raise DataError(
                f"{what} has the shape {x.shape}, 4 channels. --channels=4 keeps the alpha channel, --channels=3 lays "
                f"the images on a background ({form.background}, or another --background)."
            )
        y = laid_on(y if y.dtype == np.uint8 else np.rint((y + 1) * 127.5).astype(np.uint8), form.background)
    y = conform(y, form.shape([(what, y.shape[-3:])]))
    feature = Feature(form.kind or ("image" if rank == 4 else "video"), y.shape[1:], low=0.0, high=1.0, rate=form.rate)
    top = float(x.max())
    seen = "" if form.span or x.dtype == bool else dark(top, 255 if y.dtype == np.uint8 or top > 1.5 else 1)
    return Stored(feature, y, warning=seen)


def _series(x: np.ndarray, learn: np.ndarray, form: Format, what: str) -> Stored:
    """One scale for all steps and channels: the training rows' lowest and highest value."""
    y = _timed(x, form, what)
    low, high = form.span or (float(y[learn].min()), float(y[learn].max()))
    feature = features.series(y.shape[1], y.shape[2], low, high, form.rate)
    assert feature.low is not None
    assert feature.high is not None
    middle, half = (feature.low + feature.high) / 2, (feature.high - feature.low) / 2
    return Stored(feature, ((y - middle) / half).astype(np.float32))


def _audio(x: np.ndarray, learn: np.ndarray, form: Format, what: str) -> Stored:
    """Floats in [-1, 1]; integers as their type has them (16 bits: 32768 is 1)."""
    y = _timed(x, form, what)
    if form.span:
        y = spanned(y, form.span)
    elif x.dtype == np.uint8:
        y = (y - 128) / 128
    elif x.dtype.kind in "iu":
        y = y / -float(np.iinfo(x.dtype).min or -1)
    elif np.abs(y).max() > 1 + _ROUNDING:
        raise DataError(
            f"{what} has values in [{y.min():g}, {y.max():g}]; sounds are floats in [-1, 1]. Say which values are -1 "
            f"and 1, as in --range={y.min():g},{y.max():g}, or call it --kind=series, which keeps its units."
        )
    y = np.clip(y, -1, 1).astype(np.float32)
    if form.channels == 1:
        y = y.mean(axis=2, keepdims=True)
    return Stored(features.audio(y.shape[1], y.shape[2], form.rate), y)


def _timed(x: np.ndarray, form: Format, what: str) -> np.ndarray:
    """(N, T) or (N, T, C) as float64 (N, T, C), of the length that is asked for: cut, or filled up with zeros."""
    if x.ndim not in (2, 3):
        raise DataError(f"{what} has the shape {x.shape}; a {form.kind} is (N, T) or (N, T, C). Reshape it.")
    y = (x if x.ndim == 3 else x[..., None]).astype(np.float64)
    return y if form.length is None else fitted(y, form.length)


def fitted(x: np.ndarray, length: int) -> np.ndarray:
    """(..., T, C) cut to a length, or filled up with zeros."""
    x = x[..., :length, :]
    missing = [(0, 0)] * (x.ndim - 2) + [(0, length - x.shape[-2]), (0, 0)]
    return np.pad(x, missing) if length > x.shape[-2] else x


def _table(x: np.ndarray, learn: np.ndarray, form: Format, what: str) -> Stored:
    """(N, F): each column by its own scale, the training rows' lowest and highest value are -1 and 1."""
    _unsized(form, f"{what} is a table of {x.shape[-1]} columns")
    if x.ndim != 2:
        raise DataError(f"{what} has the shape {x.shape}; a table is (N, F). Reshape it.")
    names = tuple(form.columns) or tuple(f"column_{i}" for i in range(x.shape[1]))
    if len(names) != x.shape[1]:
        raise DataError(f"{what} has {x.shape[1]} columns, and {len(names)} names of columns. Give one for each.")
    columns, parts = [], []
    for name, values in zip(names, x.T, strict=True):
        column, encoded = numbers(name, values, learn, form.columns.get(name, ""), what)
        columns.append(column)
        parts.append(encoded)
    return Stored(features.table(columns), np.concatenate(parts, axis=1))


def numbers(name: str, x: np.ndarray, learn: np.ndarray, type_: str, what: str) -> tuple[Column, np.ndarray]:
    """A table's column of numbers (N,) as the Column, and float32 (N, width). Errors: DataError for another type."""
    if type_ == "flag" or (not type_ and x.dtype == bool):
        return encoded(Column(name, "flag"), x.astype(bool))
    if type_ == "category":
        known, which = np.unique(x, return_inverse=True)
        categories = tuple(f"{v:g}" if isinstance(v, float) else str(v) for v in known.tolist())
        return encoded(Column(name, "category", categories=categories), np.array(categories)[which])
    if type_ == "date":
        raise DataError(f"The column {name!r} of {what} has numbers; dates are text, YYYY-MM-DD. Write it so.")
    rows, whole = x[learn].astype(np.float64), x.dtype.kind in "iub"
    return encoded(Column(name, low=float(rows.min()), high=float(rows.max()), whole=whole), x.astype(np.float64))


def encoded(column: Column, values: np.ndarray) -> tuple[Column, np.ndarray]:
    """A column's values (N,) as float32 (N, width)."""
    return column, column.encode(tf.constant(values)).numpy()


def _vector(x: np.ndarray, learn: np.ndarray, form: Format, what: str) -> Stored:
    """Numbers as they are."""
    _unsized(form, f"{what} has vectors")
    y = x[:, None] if x.ndim == 1 else x
    return Stored(features.vector(*y.shape[1:]), y.astype(np.float32))


def _tokens(x: np.ndarray, learn: np.ndarray, form: Format, what: str) -> Stored:
    if x.dtype.kind not in "USO" or x.ndim != 1:
        raise DataError(f"{what} has {x.dtype} of shape {x.shape}; texts are strings (N,). Convert it.")
    texts = [v.decode() if isinstance(v, bytes) else str(v) for v in x.tolist()]
    made, feature = labels.tokens(texts, learn, form.length)
    return Stored(feature, made)


def _unsized(form: Format, what: str) -> None:
    if form.size or form.channels:
        raise DataError(f"{what}; size and channels are for images. Omit them.")


_MAKERS: Mapping[str, Callable[[np.ndarray, np.ndarray, Format, str], Stored]] = {
    "image": _image, "video": _video, "volume": _volume, "audio": _audio, "series": _series, "table": _table,
    "vector": _vector, "tokens": _tokens,
}  # fmt: skip
