"""JSON values -> arrays, by the rules and with the error messages of TF Serving's REST API.

Whole lists are checked and converted at once, never number by number: an image has tens of thousands of numbers.
"""

import base64
import binascii
import json
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.protocol.errors import Code, ServingError, error

_SHOWN = 256
_TYPES = {
    type(None): "Null",
    dict: "Object",
    list: "Array",
    str: "String",
    int: "Number",
    float: "Number",
}
_NAMES = {"float32": "float", "float64": "double", "float16": "half"}
"""TensorFlow's names of types that numpy names differently."""

_INT32 = (-(2**31), 2**31 - 1)
_WHOLE = {
    **dict.fromkeys(("int8", "int16", "int32", "uint8"), _INT32),
    "int64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}
"""The range of whole numbers for each type; short types are sent as int32, and wrap as they do over gRPC."""


def tensor(value: Any, dtype: str) -> NDArray[Any]:
    """A value, or nested lists of values -> an array of the type with TensorFlow's name `dtype`.

    Errors: InvalidRequest for values of another type or ragged lists, Unsupported for types that JSON cannot represent.
    """
    shape: list[int] = []
    flat: list[Any] = [value]
    while flat and isinstance(flat[0], list):
        size = len(flat[0])
        for item in flat:
            if not isinstance(item, list):
                rank = _rank(flat[0]) + len(shape)
                text = f"found at incorrect level: {len(shape) + 1} in the JSON DOM. Expected at level: {rank}"
                raise malformed(item, text)
            if len(item) != size:
                text = f"at level: {len(shape)} expected size: {size}"
                raise invalid(f"Encountered list at unexpected size: {len(item)} {text}")
        shape.append(size)
        flat = list(chain.from_iterable(flat))
    if list in set(map(type, flat)):
        raise invalid(f"Encountered list at unexpected level: {len(shape)} expected < {len(shape)}")
    return _values(flat, dtype).reshape(shape)


def _values(flat: list[Any], dtype: str) -> NDArray[Any]:
    """The leaves of a nested list -> a flat array."""
    if dtype == "string":
        made = np.empty(len(flat), object)
        made[:] = [to_bytes(item) for item in flat]
        return made
    if dtype == "bool":
        _check(flat, dtype, {bool})
        return np.array(flat, bool)
    if dtype in _WHOLE:
        low, high = _WHOLE[dtype]
        _check(flat, dtype, {int}, low, high)
        return np.array(flat, np.int64 if low else np.uint64).astype(dtype)
    if dtype not in ("float32", "float64"):
        what = show(flat[0]) if flat else "[]"
        raise error(Code.UNIMPLEMENTED, f"Conversion of JSON Value: {what} to type: {_NAMES.get(dtype, dtype)}")
    _check(flat, dtype, {int, float})
    try:
        doubles = np.array(flat, np.float64)
    except OverflowError:
        raise invalid("JSON Parse error: Number too big to be stored in double.") from None
    with np.errstate(over="ignore"):
        return doubles.astype(dtype)


def _check(flat: list[Any], dtype: str, kinds: set[type], low: int = 0, high: int = 0) -> None:
    """Checks the types of the leaves, and their range if there is one. Errors: InvalidRequest."""
    if set(map(type, flat)) <= kinds and (low == high or not flat or low <= min(flat) <= max(flat) <= high):
        return
    for value in flat:
        if type(value) not in kinds or (low != high and not low <= value <= high):
            name = _NAMES.get(dtype, dtype)
            raise invalid(f"JSON Value: {show(value)} Type: {kind(value)} is not of expected type: {name}")


def to_bytes(value: Any) -> bytes:
    """A JSON string, or an object {"b64": "..."}, -> bytes. Errors: InvalidRequest."""
    if isinstance(value, str):
        return utf8(value)
    if not isinstance(value, dict):
        raise invalid(f"JSON Value: {show(value)} Type: {kind(value)} is not of expected type: string")
    if not is_base64(value):
        raise malformed(value, "not formatted correctly for base64 data")
    try:
        text = value["b64"].rstrip("=")
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Unable to base64 decode") from None


def utf8(text: str) -> bytes:
    """A JSON string's bytes. Errors: InvalidRequest for half of a surrogate pair."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise invalid("JSON Parse error: The surrogate pair in string is invalid.") from None


def is_base64(value: Any) -> bool:
    """Whether a value is JSON's form of bytes, {"b64": "..."}."""
    return isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str)


def kind(value: Any) -> str:
    """JSON's name of a value's type, as in TF Serving's messages."""
    return str(value) if isinstance(value, bool) else _TYPES[type(value)]


def show(value: Any) -> str:
    """A value as JSON for a message, shortened."""
    return json.dumps(value)[:_SHOWN]


def malformed(value: Any, text: str) -> ServingError:
    """The error about a value."""
    return invalid(f"JSON Value: {show(value)} {text}")


def invalid(message: str) -> ServingError:
    """The error about a request."""
    return error(Code.INVALID_ARGUMENT, message)


def _rank(value: Any) -> int:
    rank = 0
    while isinstance(value, list):
        rank, value = rank + 1, value[0] if value else None
    return rank
