"""Replies of Predict; large ones are read without parsing their numbers.

A parser copies the numbers twice, each time into newly allocated memory, which takes a third of the time that sending
them takes. Here they are copied once, out of the message.
"""

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from serving.protocol import protos, wire

LARGE = 2**16
"""Bytes of a reply above which copying costs more than parsing its fields."""

_OUTPUTS, _SPEC = 0x0A, 0x12
_KEY, _VALUE = 0x0A, 0x12
_DTYPE, _SHAPE = 0x08, 0x12
_NUMBERS = {dtype: wire.RAW[dtype][0] for dtype in (1, 2, 8, 18)}
"""Numeric DataType -> the tag of the packed field that holds its values as the array's own bytes."""


class _UnusualError(Exception):
    """A message that is not laid out as servers write it; the parser reads it, or refuses it."""


def read(data: bytes) -> tuple[dict[str, NDArray[Any]], "protos.ModelSpec"]:
    """A PredictResponse -> its outputs by name, and its ModelSpec.

    Errors: ServerFailure for a malformed tensor; protobuf's DecodeError for bytes that are not a message.
    """
    if len(data) > LARGE:
        try:
            return _read_large(memoryview(data))
        except (_UnusualError, UnicodeDecodeError):
            pass
    reply = protos.PredictResponse.FromString(data)
    return {name: wire.decode(tensor) for name, tensor in sorted(reply.outputs.items())}, reply.model_spec


def _read_large(data: memoryview) -> tuple[dict[str, NDArray[Any]], "protos.ModelSpec"]:
    outputs, spec = {}, b""
    for tag, value in _fields(data):
        if tag == _OUTPUTS:
            entry = _once(value, {_KEY, _VALUE})
            outputs[bytes(entry[_KEY])] = _tensor(entry[_VALUE])
        elif tag == _SPEC and not spec:
            spec = bytes(value)
        else:
            raise _UnusualError
    return {str(name, "utf-8"): outputs[name] for name in sorted(outputs)}, protos.ModelSpec.FromString(spec)


def _tensor(data: memoryview) -> NDArray[Any]:
    if len(data) <= LARGE:
        return wire.decode(protos.TensorProto.FromString(bytes(data)))
    dtype = next(_fields(data))
    if dtype[0] != _DTYPE or dtype[1] not in _NUMBERS:
        raise _UnusualError
    tag = _NUMBERS[dtype[1]]
    fields = _once(data, {_DTYPE, _SHAPE, tag})
    shape = protos.TensorShapeProto.FromString(fields[_SHAPE])
    values = None if shape.unknown_rank else wire.from_bytes(dtype[1], shape, fields[tag])
    if values is None:
        raise _UnusualError
    return values.copy()


def _once(message: memoryview, tags: set[int]) -> dict[int, Any]:
    """The fields of a message that has each of these tags once, and no others. Errors: _UnusualError."""
    fields = list(_fields(message))
    if len(fields) != len(tags) or {tag for tag, _ in fields} != tags:
        raise _UnusualError
    return dict(fields)


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """The tags of a message, each with its integer or a view of its bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value, at = _varint(message, at)
        if tag & 7 == 0:
            yield tag, value
        elif tag & 7 == 2 and at + value <= len(message):
            yield tag, message[at : at + value]
            at += value
        else:
            raise _UnusualError


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """The integer at this position, and the position after it."""
    value = 0
    for place, byte in enumerate(message[at : at + 9]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise _UnusualError
