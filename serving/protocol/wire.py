"""numpy <-> TensorProto, without TensorFlow.

Requests are sent as `tensor_content`, one copy of the array's bytes. Replies are sent as TF Serving's are, in typed
fields such as `float_val`, unless the server is configured otherwise; a packed field of floats has the layout of the
array, so it is written as bytes, not number by number.
"""

import math
from functools import lru_cache
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import ArrayLike, NDArray

from serving.protocol import protos
from serving.protocol.errors import Code, error

MAX_ELEMENTS = 2**24
"""Elements that a request's tensor may declare without sending them; otherwise a few bytes could claim any memory."""

_TYPES: dict[int, tuple[str, Any, str]] = {
    1: ("float32", np.float32, "float_val"),
    2: ("float64", np.float64, "double_val"),
    3: ("int32", np.int32, "int_val"),
    4: ("uint8", np.uint8, "int_val"),
    5: ("int16", np.int16, "int_val"),
    6: ("int8", np.int8, "int_val"),
    7: ("string", np.object_, "string_val"),
    8: ("complex64", np.complex64, "scomplex_val"),
    9: ("int64", np.int64, "int64_val"),
    10: ("bool", np.bool_, "bool_val"),
    14: ("bfloat16", ml_dtypes.bfloat16, "half_val"),
    17: ("uint16", np.uint16, "int_val"),
    18: ("complex128", np.complex128, "dcomplex_val"),
    19: ("float16", np.float16, "half_val"),
    22: ("uint32", np.uint32, "uint32_val"),
    23: ("uint64", np.uint64, "uint64_val"),
    24: ("float8_e5m2", ml_dtypes.float8_e5m2, "float8_val"),
    25: ("float8_e4m3fn", ml_dtypes.float8_e4m3fn, "float8_val"),
    29: ("int4", ml_dtypes.int4, "int_val"),
    30: ("uint4", ml_dtypes.uint4, "int_val"),
}
"""DataType -> TensorFlow's name, numpy's type, the field of the values."""

Parts = list[Any]
"""Bytes and views of arrays that make up a message. They are joined once, so that a large tensor is copied once."""

STRING = 7
_LITTLE = {number: np.dtype(kind).newbyteorder("<") for number, (_, kind, _) in _TYPES.items()}
_NUMBERS = {np.dtype(kind): number for number, (_, kind, _) in _TYPES.items()}
RAW = {1: b"\x2a", 2: b"\x32", 8: b"\x4a", 10: b"\x5a", 18: b"\x62", 24: b"\x92\x01", 25: b"\x92\x01"}
"""Types whose packed field has the layout of the array, with the field's tag."""


def name(dtype: int) -> str:
    """TensorFlow's name for the number of a DataType, as in float32."""
    return _TYPES[dtype][0] if dtype in _TYPES else f"DataType {dtype}"


def as_array(value: ArrayLike) -> NDArray[Any]:
    """A value as an array: Python's floats become float32, its integers int64, its text bytes.

    An array keeps its type. Errors: InvalidRequest for types that a TensorProto cannot hold, and for ragged lists.
    """
    try:
        array = np.asarray(value)
    except ValueError as failure:
        raise error(Code.INVALID_ARGUMENT, f"This is not a tensor: {failure}") from None
    if not isinstance(value, np.ndarray | np.generic) and array.dtype == np.float64:
        array = array.astype(np.float32)
    if array.dtype.kind in "USO":
        # numpy's type S would drop trailing zero bytes, which serialized messages and images may have.
        return _as_bytes(array if isinstance(value, np.ndarray | np.generic) else np.asarray(value, object))
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype not in _NUMBERS:
        raise error(
            Code.INVALID_ARGUMENT, f"A tensor cannot hold values of type {array.dtype}. Convert it with astype."
        )
    return array


def _as_bytes(array: NDArray[Any]) -> NDArray[Any]:
    strings = np.empty(array.size, object)
    for i, item in enumerate(array.ravel().tolist()):
        strings[i] = item.encode() if isinstance(item, str) else item
        if not isinstance(strings[i], bytes):
            text = f"A tensor cannot hold {item!r}. Give numbers a dtype, and rows the same length."
            raise error(Code.INVALID_ARGUMENT, text)
    return strings.reshape(array.shape)


def encode(value: ArrayLike) -> "protos.TensorProto":
    """A value -> TensorProto with `tensor_content`, or `string_val` for text."""
    array = as_array(value)
    proto = _header(array.dtype, array.shape)
    if proto.dtype == STRING:
        proto.string_val.extend(array.ravel().tolist())
    else:
        proto.tensor_content = _little(array).tobytes()
    return proto


def encode_content(array: NDArray[Any]) -> Parts:
    """An array -> a TensorProto with `tensor_content`, as Tensor::AsProtoTensorContent writes it."""
    proto = _header(array.dtype, array.shape)
    if proto.dtype == STRING:
        strings = array.ravel().tolist()
        data = [*(varint(len(s)) for s in strings), *strings]
    else:
        data = [_bytes(array)]
    return [proto.SerializeToString(), *(field(b"\x22", data) if array.size else [])]


def encode_typed(array: NDArray[Any]) -> Parts:
    """An array -> a TensorProto with typed fields, as Tensor::AsProtoField writes it."""
    if (number := _NUMBERS[array.dtype]) in RAW:
        head = _written_header(array.dtype, array.shape)
        return [head, *(field(RAW[number], [_bytes(array)]) if array.size else [])]
    proto = _header(array.dtype, array.shape)
    name, values = _TYPES[number][2], array.ravel()
    values = values.view(np.uint16) if name == "half_val" else values
    getattr(proto, name).extend((values.astype(np.int32) if name == "int_val" else values).tolist())
    return [proto.SerializeToString()]


def field(tag: bytes, payload: Parts) -> Parts:
    """A length-delimited field of a protocol buffer."""
    return [tag + varint(sum(map(len, payload))), *payload]


def varint(value: int) -> bytes:
    """A non-negative integer in the encoding of protocol buffers."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> "protos.TensorProto":
    proto = protos.TensorProto(dtype=_NUMBERS[dtype])
    proto.tensor_shape.SetInParent()
    for side in shape:
        proto.tensor_shape.dim.add(size=side)
    return proto


@lru_cache(maxsize=1024)
def _written_header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    return _header(dtype, shape).SerializeToString()


def _bytes(array: NDArray[Any]) -> memoryview:
    return _little(array).reshape(-1).view(np.uint8).data


def _little(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def decode(proto: "protos.TensorProto") -> NDArray[Any]:
    """A TensorProto -> an array; text as an object array of bytes. Errors: ServerFailure if it is malformed.

    If there are fewer values than elements, the last one is repeated; without values, all elements are 0.
    """
    shape = tuple(d.size for d in proto.tensor_shape.dim)
    if proto.dtype not in _TYPES or min(shape, default=0) < 0 or math.prod(shape) > MAX_ELEMENTS * 16:
        raise error(Code.INTERNAL, f"The server sent a malformed tensor: {name(proto.dtype)}, shape {list(shape)}.")
    _, kind, values = _TYPES[proto.dtype]
    if proto.tensor_content:
        fast = _split(proto.tensor_content, shape) if proto.dtype == STRING else from_content(proto)
        if fast is None:
            raise error(
                Code.INTERNAL, f"The server sent {len(proto.tensor_content)} bytes for the shape {list(shape)}."
            )
        return fast if fast.flags.writeable else fast.copy()
    return _filled(_values(proto, values, kind), shape)


def from_content(proto: "protos.TensorProto") -> NDArray[Any] | None:
    """A numeric tensor whose `tensor_content` fits its shape, without a copy; None for any other."""
    if proto.dtype == STRING or proto.tensor_shape.unknown_rank:
        return None
    return from_bytes(proto.dtype, proto.tensor_shape, proto.tensor_content)


def from_bytes(dtype: int, tensor_shape: "protos.TensorShapeProto", content: bytes | memoryview) -> NDArray[Any] | None:
    """A numeric DataType, a TensorShapeProto and the array's bytes -> the array, without a copy.

    None if the bytes do not fit the shape.
    """
    if (kind := _LITTLE.get(dtype)) is None:
        return None
    shape = [d.size for d in tensor_shape.dim]
    if min(shape, default=0) < 0 or math.prod(shape) * kind.itemsize != len(content):
        return None
    array = np.frombuffer(content, kind).astype(kind.newbyteorder("="), copy=False)
    try:
        return array.reshape(shape)
    except ValueError:  # too many dimensions for numpy, or sides whose product overflows next to a 0
        return None


def _split(content: bytes, shape: tuple[int, ...]) -> NDArray[Any] | None:
    """The strings of `tensor_content`: all lengths, then all bytes. None if they do not fit the shape."""
    lengths: list[int] = []
    at = 0
    while len(lengths) < math.prod(shape):
        length = shift = 0
        while at < len(content) and content[at] > 0x7F:
            length, shift, at = length | (content[at] & 0x7F) << shift, shift + 7, at + 1
        if at == len(content):
            return None
        lengths.append(length | content[at] << shift)
        at += 1
    if at + sum(lengths) != len(content):
        return None
    strings = np.empty(len(lengths), object)
    for i, length in enumerate(lengths):
        strings[i] = content[at : at + length]
        at += length
    return strings.reshape(shape)


def declared(proto: "protos.TensorProto") -> int:
    """How many elements a TensorProto declares. TensorFlow allocates them even for an "unknown" rank."""
    return math.prod(d.size for d in proto.tensor_shape.dim)


def _values(proto: "protos.TensorProto", values: str, kind: Any) -> NDArray[Any]:
    held = getattr(proto, values)
    if values == "string_val":
        array = np.empty(len(held), object)
        array[:] = list(held)
        return array
    if values == "half_val":
        return np.array(held, np.uint16).view(kind)
    if values == "float8_val":
        return np.frombuffer(held, kind)
    if values == "int_val":
        return np.array(held, np.int32).astype(kind)
    if values in ("scomplex_val", "dcomplex_val"):
        return np.array(held, np.float32 if kind is np.complex64 else np.float64).view(kind)
    return np.array(held, kind)


def _filled(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    count = math.prod(shape)
    if values.size < count:
        last = values[-1:] if values.size else np.array([b""] if values.dtype == object else [0], values.dtype)
        values = np.concatenate([values, np.repeat(last, count - values.size)])
    return values[:count].reshape(shape)
