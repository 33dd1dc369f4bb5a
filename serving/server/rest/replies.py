"""Tensors, classes and scores -> JSON, as TF Serving's REST API writes them.

A float has six digits if these stand for the same number, and otherwise as many as it needs. Arrays are formatted as a
whole, for speed.
"""

import base64
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.protocol.errors import Code, error


def outputs(values: Mapping[str, NDArray[Any]], *, rows: bool) -> bytes:
    """Tensors by alias -> a predict reply. Errors: InvalidRequest if they do not have the same rows."""
    if not rows:
        columns = {alias: _nested(alias, value, 0)[0] for alias, value in values.items()}
        return _object({"outputs": next(iter(columns.values())) if len(columns) == 1 else _object(columns)}).encode()
    sizes = [len(value) if value.ndim else None for value in values.values()]
    for alias, size in zip(values, sizes, strict=True):
        if size is None:
            raise error(Code.INVALID_ARGUMENT, f"Tensor name: {alias} has no shape information ")
        if size != sizes[0]:
            text = f"Tensor name: {alias} has inconsistent batch size: {size} expecting: {sizes[0]}"
            raise error(Code.INVALID_ARGUMENT, text)
    written = {alias: _nested(alias, value, 1) for alias, value in values.items()}
    if len(written) == 1:
        return _object({"predictions": _list(next(iter(written.values())))}).encode()
    lines = (_object(dict(zip(written, row, strict=True))) for row in zip(*written.values(), strict=True))
    return _object({"predictions": _list(lines)}).encode()


def results(rows: Iterable[float | list[tuple[str, float]]]) -> bytes:
    """A classify or regress reply: for each Example a list of (label, score), or a number."""
    return _object({"results": _list(map(_result, rows))}).encode()


def _result(row: float | list[tuple[str, float]]) -> str:
    if isinstance(row, float):
        return _floats(np.array([row], np.float32))[0]
    scores = _floats(np.array([score for _, score in row], np.float32))
    return _list(_list([json.dumps(label), score]) for (label, _), score in zip(row, scores, strict=True))


def _nested(alias: str, value: NDArray[Any], depth: int) -> list[str]:
    """An array as JSON, split along its first `depth` dimensions."""
    tokens = _tokens(alias, value)
    for axis in range(value.ndim - 1, depth - 1, -1):
        side, count = value.shape[axis], math.prod(value.shape[:axis])
        if side == 1:
            tokens = [f"[{token}]" for token in tokens]
        else:
            tokens = [_list(tokens[i * side : (i + 1) * side]) for i in range(count)]
    return tokens


def _tokens(alias: str, value: NDArray[Any]) -> list[str]:
    """The elements of an array as JSON."""
    flat = value.ravel()
    if flat.dtype == object:
        if alias.endswith("_bytes"):
            return [_object({"b64": json.dumps(base64.b64encode(item).decode())}) for item in flat]
        return [json.dumps(item.decode(errors="replace"), ensure_ascii=False) for item in flat]
    if flat.dtype == np.bool_:
        return ["true" if item else "false" for item in flat.tolist()]
    if flat.dtype == np.float16:
        return _floats(flat.astype(np.float32))
    if flat.dtype in (np.float32, np.float64):
        return _floats(flat)
    if flat.dtype.kind in "iu" and flat.dtype.itemsize <= 8:
        return list(map(str, flat.tolist()))
    raise error(Code.UNIMPLEMENTED, f"Failed to write JSON value for tensor type: {flat.dtype.name}")


def _floats(values: NDArray[Any]) -> list[str]:
    items: list[Any] = values.tolist()
    short, finite = _short(values), np.isfinite(values)
    digits = 9 if values.dtype == np.float32 else 17
    whole = finite & (np.trunc(values) == values) & (np.abs(values) < np.where(short, 1e6, 10.0**digits))
    formats = np.array([f"%.{digits}g", "%.6g", "%.1f"])[np.where(whole, 2, short.astype(int))].tolist()
    for i in np.flatnonzero(~finite).tolist():
        formats[i], items[i] = "%s", json.dumps(items[i])
    return ("\n".join(formats) % tuple(items)).split("\n") if items else []


def _short(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether six digits stand for the same number."""
    if values.dtype != np.float32:  # the arithmetic below is not exact for float64
        return np.array([float(f"{value:.6g}") == value for value in values.tolist()], bool)
    doubles = np.abs(values.astype(np.float64))
    with np.errstate(all="ignore"):
        scale = 10.0 ** (5 - np.floor(np.log10(doubles)))
        rounded = (np.rint(doubles * scale) / scale).astype(np.float32)
    found: NDArray[np.bool_] = (rounded == np.abs(values)) | (doubles == 0)
    return found


def _list(items: Iterable[str]) -> str:
    return "[" + ", ".join(items) + "]"


def _object(items: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{json.dumps(key)}: {value}" for key, value in items.items()) + "}"
