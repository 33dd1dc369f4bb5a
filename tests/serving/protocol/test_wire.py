"""numpy <-> TensorProto, against TensorFlow's own code."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import serving
from serving import InvalidRequest, ServerFailure
from serving.protocol import protos, wire

RANDOM = np.random.default_rng(0)
KINDS = [np.dtype(k) for _, k, _ in wire._TYPES.values() if k is not np.object_]
SHAPES = [(), (0,), (3,), (2, 0, 4), (2, 3, 4)]


def array(kind, shape):
    values = RANDOM.integers(0, 2 if kind.kind == "b" else 100, shape)
    return np.asarray(values + 0.5 if kind.kind in "fc" else values).astype(kind)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_is_encoded_tensorflow_reads_and_what_tensorflow_writes_is_decoded(kind, shape):
    value = array(kind, shape)
    read = tf.io.parse_tensor(wire.encode(value).SerializeToString(), kind).numpy()
    assert np.array_equal(read, value)
    assert read.shape == shape
    for written in (tf.make_tensor_proto(value), tf.make_tensor_proto(value.tolist(), kind, shape)):
        again = wire.decode(protos.TensorProto.FromString(written.SerializeToString()))
        assert np.array_equal(again, value)
        assert (again.dtype, again.shape) == (value.dtype, value.shape)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_typed_replies_are_those_of_the_protocol_buffer_library(kind, shape):
    """The hand-written bytes are what the library itself writes for the same values."""
    value = array(kind, shape)
    data = b"".join(wire.encode_typed(value))
    proto = protos.TensorProto.FromString(data)
    assert not proto.tensor_content
    assert proto.SerializeToString(deterministic=True) == data
    assert np.array_equal(tf.io.parse_tensor(data, kind).numpy(), value)
    assert np.array_equal(wire.decode(proto), value)


def test_large_replies_have_a_long_length():
    value = RANDOM.random((300, 100), np.float32)
    assert np.array_equal(wire.decode(protos.TensorProto.FromString(b"".join(wire.encode_typed(value)))), value)


def test_text():
    value = np.array([["a", "ü"], ["", "xyz"]])
    proto = wire.encode(value)
    expected = [[b"a", "ü".encode()], [b"", b"xyz"]]
    assert wire.decode(proto).tolist() == expected
    assert tf.io.parse_tensor(proto.SerializeToString(), tf.string).numpy().tolist() == expected
    typed = b"".join(wire.encode_typed(np.array([b"q"], object)))
    assert wire.decode(protos.TensorProto.FromString(typed)).tolist() == [b"q"]


@pytest.mark.parametrize(
    ("value", "kind"),
    [([1, 2], np.int64), ([1.0], np.float32), (True, np.bool_), (np.float64(1), np.float64), (np.int8([1]), np.int8)],
)
def test_python_numbers_have_predictable_types(value, kind):
    assert wire.as_array(value).dtype == kind


def test_fewer_values_than_elements():
    proto = protos.TensorProto(dtype=1, float_val=[1, 2])
    proto.tensor_shape.dim.add(size=4)
    assert wire.decode(proto).tolist() == [1, 2, 2, 2]
    proto.ClearField("float_val")
    assert wire.decode(proto).tolist() == [0, 0, 0, 0]


def test_values_that_are_not_a_tensor():
    with pytest.raises(InvalidRequest, match="datetime64"):
        wire.encode(np.array(["2026-01-01"], "datetime64[D]"))
    with pytest.raises(InvalidRequest, match="not a tensor"):
        wire.encode([[1, 2], [3]])
    bad = protos.TensorProto(dtype=1, tensor_content=b"abc")
    bad.tensor_shape.dim.add(size=1)
    with pytest.raises(ServerFailure, match="3 bytes"):
        wire.decode(bad)


def test_the_descriptors_are_those_of_the_installed_packages():
    assert protos.FILE.read_bytes() == protos.installed().SerializeToString(deterministic=True)


def test_the_client_comes_without_tensorflow():
    code = (
        "import sys, serving; c = serving.Client('127.0.0.1:9'); from serving.protocol import protos, wire\n"
        "wire.encode([1.0]); protos.PredictRequest(); c.close()\n"
        "assert not {'tensorflow', 'tensorflow_serving', 'zoo', 'explain'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_protocol_needs_neither_grpc_nor_the_client_nor_tensorflow():
    code = (
        "import sys, pkgutil, importlib, serving.protocol as protocol\n"
        "for m in pkgutil.iter_modules(protocol.__path__): importlib.import_module(f'serving.protocol.{m.name}')\n"
        "assert not {'grpc', 'serving.client', 'tensorflow', 'tensorflow_serving'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_name_of_the_package_is_there():
    for name in serving.__all__:
        assert getattr(serving, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Cliant'"):
        serving.Cliant  # noqa: B018


HEADER = protos.TensorProto(dtype=1, tensor_shape={"dim": [{"size": 3}]}).SerializeToString()
FLOATS = np.float32([1, 2, 3])
UNKNOWN = b"".join([*wire.field(b"\xa2\x06", [b"of a later TensorFlow, longer than the numbers"]), b"\xa8\x06\x07"])
"""Fields 100 and 101, which no TensorProto has."""
PACKED = b"".join(wire.field(b"\x2a", [FLOATS.tobytes()]))
SPLIT = b"".join([*wire.field(b"\x2a", [FLOATS[:1].tobytes()]), *wire.field(b"\x2a", [FLOATS[1:].tobytes()])])
SINGLE = b"".join(b"\x2d" + number.tobytes() for number in FLOATS)
CONTENT = b"".join(wire.field(b"\x22", [FLOATS.tobytes()]))


@pytest.mark.parametrize("values", [PACKED, SPLIT, SINGLE, CONTENT], ids=["packed", "in two", "one by one", "content"])
@pytest.mark.parametrize("before", [b"", UNKNOWN], ids=["", "after the unknown"])
@pytest.mark.parametrize("after", [b"", HEADER, UNKNOWN, b"\x18\x01", b"\x38\x05"], ids=lambda data: f"then {data[:9]}")
def test_where_the_numbers_lie_in_a_message_does_not_matter(values, before, after):
    """Fields may come in any order, in pieces, and among others that only the sender knows."""
    message = before + (b"" if after is HEADER else HEADER) + values + after
    np.testing.assert_array_equal(tf.io.parse_tensor(message, tf.float32).numpy(), FLOATS)
    np.testing.assert_array_equal(wire.decode(protos.TensorProto.FromString(message)), FLOATS)


def test_the_stub_shows_the_messages_as_they_are():
    """Every class of protos.pyi is a message, and every attribute a field of it, of that type."""
    tree = ast.parse(Path(protos.__file__).with_suffix(".pyi").read_text())
    messages = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    assert len(messages) > 40
    for node in messages:
        check_stub(node, getattr(protos, node.name).DESCRIPTOR)


SCALARS = {"str": {9}, "bytes": {12}, "bool": {8}, "float": {1, 2}, "int": {3, 4, 5, 13, 14}}
"""Types of a stub -> numbers of FieldDescriptor.Type."""


def check_stub(node, descriptor):
    for member in node.body:
        if isinstance(member, ast.ClassDef):
            check_stub(member, descriptor.nested_types_by_name[member.name])
        elif isinstance(member, ast.AnnAssign):
            kind, _, inner = ast.unparse(member.annotation).rstrip("]").rpartition("[")
            check_field(kind, inner, descriptor.fields_by_name[member.target.id])


def check_field(kind, inner, field):
    entry = field.message_type
    if kind in ("MessageMap", "ScalarMap"):
        key, value = inner.split(", ")
        check_field("", key, entry.fields_by_name["key"])
        check_field("", value, entry.fields_by_name["value"])
        assert (kind == "MessageMap") == (entry.fields_by_name["value"].message_type is not None)
    elif entry:
        assert kind == ("Composites" if field.is_repeated else ""), field.full_name
        assert inner.rpartition(".")[2] in (entry.name, "Message"), field.full_name
    else:
        assert kind == ("Scalars" if field.is_repeated else ""), field.full_name
        assert field.type in SCALARS[inner], field.full_name
