"""Large replies are read without the parser, with the same result."""

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.client import reading
from serving.protocol import protos, wire
from serving.protocol.errors import ServingError

RNG = np.random.default_rng(0)
NUMBERS = {
    "float32": RNG.normal(size=(200, 128)).astype(np.float32),
    "float64": RNG.normal(size=(100, 128)),
    "complex64": (RNG.normal(size=9000) + 1j).astype(np.complex64),
    "complex128": RNG.normal(size=(5000, 1)) + 1j,
    "int64": RNG.integers(-(2**60), 2**60, 9000),
    "bool": RNG.integers(0, 2, 70_000).astype(bool),
    "text": np.array([b"x" * 100] * 700, object),
}


def written(**outputs):
    """A reply's bytes, in typed fields as TF Serving writes them."""
    reply = protos.PredictResponse()
    reply.model_spec.name, reply.model_spec.version.value = "m", 3
    for name, value in outputs.items():
        reply.outputs[name].MergeFromString(b"".join(wire.encode_typed(value)))
    return reply.SerializeToString()


def parsed(data):
    """The parser's result, or the type of its error."""
    try:
        reply = protos.PredictResponse.FromString(data)
        return {name: wire.decode(tensor) for name, tensor in sorted(reply.outputs.items())}, reply.model_spec
    except (DecodeError, ServingError) as failure:
        return type(failure)


def read(data):
    try:
        return reading.read(data)
    except (DecodeError, ServingError) as failure:
        return type(failure)


def assert_same(found, expected):
    if isinstance(expected, type):
        assert found is expected
        return
    assert found[1] == expected[1]
    assert list(found[0]) == list(expected[0])
    for name, value in expected[0].items():
        assert (found[0][name].dtype, found[0][name].shape) == (value.dtype, value.shape)
        assert found[0][name].tobytes() == value.tobytes() or value.dtype == object
        assert found[0][name].tolist() == value.tolist() or np.isnan(value).any()


@pytest.mark.parametrize("kind", NUMBERS)
def test_a_large_reply_is_read_as_the_parser_reads_it(kind):
    data = written(zeta=NUMBERS[kind], alpha=np.float32([1, 2]))
    assert len(data) > reading.LARGE
    assert_same(read(data), parsed(data))
    assert all(value.flags.writeable for value in reading.read(data)[0].values())


def test_floats_are_read_without_the_parser(monkeypatch):
    data = written(images=NUMBERS["float32"])
    monkeypatch.setattr(reading.wire, "decode", None)
    found, spec = reading.read(data)
    assert np.array_equal(found["images"], NUMBERS["float32"])
    assert (spec.name, spec.version.value) == ("m", 3)


def test_unusual_messages_are_left_to_the_parser(monkeypatch):
    monkeypatch.setattr(reading, "LARGE", 0)
    tensor = b"".join(wire.encode_typed(np.float32([1, 2, 3])))
    values = b"\x2a\x04\x00\x00\x80\x3f"
    entries = {
        "more values, in a second field": tensor + values,
        "fewer values than the shape": protos.TensorProto(dtype=1, float_val=[7]).SerializeToString()
        + protos.TensorProto(tensor_shape={"dim": [{"size": 4}]}).SerializeToString(),
        "a negative side": protos.TensorProto(
            dtype=1, float_val=[7], tensor_shape={"dim": [{"size": -1}]}
        ).SerializeToString(),
        "bytes instead of values": wire.encode(np.float32([1, 2])).SerializeToString(),
        "no type": values,
        "an unknown field": tensor + b"\xf8\x7f\x01",
    }
    for entry in entries.values():
        whole = b"".join(wire.field(b"\x0a", [*wire.field(b"\x0a", [b"x"]), *wire.field(b"\x12", [entry])]))
        assert_same(read(whole), parsed(whole))
    for whole in (b"\x0a", b"\x0a\x7f", b"\xff" * 20, b"\x0a\x04\x0a\x02\xff\xfe", b"\x0d\x00\x00\x00\x00", b""):
        assert_same(read(whole), parsed(whole))


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6), st.integers(0, 3))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_spoilt_replies_fail_as_the_parser_fails(spoils, cut):
    data = bytearray(written(b=np.float32([[1, 2], [3, 4]]), a=np.float64([5])))
    for place, value in spoils:
        data[place % len(data)] = value
    data = bytes(data[: len(data) - cut])
    before, reading.LARGE = reading.LARGE, 0
    try:
        assert_same(read(data), parsed(data))
    finally:
        reading.LARGE = before
