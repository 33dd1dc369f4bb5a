"""TF Serving's rules, codes and texts, asked by the stock stubs. See conftest.py for asking a real TF Serving."""

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

X = np.arange(8, dtype=np.float32).reshape(2, 4)
GOOD = {"x": X, "bias": np.float32([1, 2])}


@pytest.fixture(scope="module")
def stub(address):
    with grpc.insecure_channel(address) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="module")
def models_stub(address):
    with grpc.insecure_channel(address) as channel:
        yield model_service_pb2_grpc.ModelServiceStub(channel)


def request(inputs=GOOD, name="affine", signature="", version=None, label=None, outputs=()):
    made = predict_pb2.PredictRequest(output_filter=outputs)
    made.model_spec.name, made.model_spec.signature_name = name, signature
    if version is not None:
        made.model_spec.version.value = version
    if label is not None:
        made.model_spec.version_label = label
    for key, value in inputs.items():
        made.inputs[key].CopyFrom(value if isinstance(value, TensorProto) else tf.make_tensor_proto(value))
    return made


def refused(call, message, timeout=20):
    with pytest.raises(grpc.RpcError) as caught:
        call(message, timeout=timeout)
    return caught.value.code().name, caught.value.details()


def test_predict_answers_with_the_latest_version_and_the_resolved_signature(stub):
    reply = stub.Predict(request(), timeout=20)
    np.testing.assert_allclose(tf.make_ndarray(reply.outputs["y"]), 3 * X + [[1], [2]])
    np.testing.assert_allclose(tf.make_ndarray(reply.outputs["total"]), (3 * X + [[1], [2]]).sum(1))
    assert (reply.model_spec.name, reply.model_spec.version.value) == ("affine", 3)
    assert reply.model_spec.signature_name == "serving_default"
    assert not reply.model_spec.version_label


def test_replies_are_typed_fields_byte_for_byte(stub):
    """As Tensor::AsProtoField: dtype, shape, float_val; the stock example clients read float_val."""
    reply = stub.Predict(request(outputs=["total"]), timeout=20)
    values = (3 * X + [[1], [2]]).sum(1)
    expected = TensorProto(dtype=1, float_val=values.tolist())
    expected.tensor_shape.dim.add(size=2)
    assert reply.outputs["total"].SerializeToString(deterministic=True) == expected.SerializeToString(
        deterministic=True
    )
    assert not reply.outputs["total"].tensor_content


RULES = {
    "no spec": (predict_pb2.PredictRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
    "no name": (request(name="", signature="s"), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
    "unknown model": (request(name="nope"), "NOT_FOUND", "Servable not found for request: Latest(nope)"),
    "unknown version": (request(version=9), "NOT_FOUND", "Servable not found for request: Specific(affine, 9)"),
    "version zero": (request(version=0), "NOT_FOUND", "Servable not found for request: Specific(affine, 0)"),
    "label": (request(label="canary"), "INVALID_ARGUMENT", "Unrecognized servable version label: canary"),
    "unknown signature": (request(signature="s"), "FAILED_PRECONDITION", 'Serving signature key "s" not found.'),
    "too few": (
        request({"x": X}),
        "INVALID_ARGUMENT",
        "input size does not match signature: 1!=2 len({x}) != len({bias,x}). Sent extra: {}. "
        "Missing but required: {bias}.",
    ),
    "too many": (
        request({**GOOD, "z": X, "a": X}),
        "INVALID_ARGUMENT",
        "input size does not match signature: 4!=2 len({a,bias,x,z}) != len({bias,x}). Sent extra: {a,z}. "
        "Missing but required: {}.",
    ),
    "bad tensor": (
        request({"x": TensorProto(dtype=1, tensor_content=b"abc"), "bias": GOOD["bias"]}),
        "INVALID_ARGUMENT",
        "tensor parsing error: x",
    ),
    "unknown output": (
        request(outputs=["z"]),
        "INVALID_ARGUMENT",
        "output tensor alias not found in signature: z Outputs expected to be in the set {total,y}.",
    ),
    "output twice": (request(outputs=["y", "y"]), "INVALID_ARGUMENT", "duplicate output tensor alias: y"),
}


@pytest.mark.parametrize("case", RULES)
def test_predict_rules(case, stub):
    message, code, text = RULES[case]
    assert refused(stub.Predict, message) == (code, text)


def test_an_equal_count_with_a_wrong_name(stub):
    code, text = refused(stub.Predict, request({"x": X, "z": X}))
    assert code == "INVALID_ARGUMENT"
    assert text.startswith("Signature input alias: bias(feed name: serving_default_bias:0) not found in request and no")
    assert "Inputs expected to be in the request {x,z}, or default input alias set: " in text


def test_dtype_and_shape_are_the_engines_to_refuse(stub):
    code, text = refused(stub.Predict, request({**GOOD, "x": X.astype(np.float64)}))
    assert code == "INVALID_ARGUMENT"
    assert "to be float but double is provided" in text
    code, text = refused(stub.Predict, request({**GOOD, "bias": np.float32([1, 2, 3])}))
    assert code == "INVALID_ARGUMENT"
    assert "File " not in text, "paths of this machine are nobody's business"


def test_zero_rows_are_fine(stub):
    reply = stub.Predict(request({"x": X[:0], "bias": GOOD["bias"][:0]}), timeout=20)
    assert tf.make_ndarray(reply.outputs["y"]).shape == (0, 4)


def test_a_deadline_cuts_the_run_off(stub):
    slow = request({"turns": np.int64([10**7])}, signature="slow")
    code, _ = refused(stub.Predict, slow, timeout=0.5)
    assert code == "DEADLINE_EXCEEDED"
    assert stub.Predict(request(), timeout=20).outputs  # and the server goes on


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"float_val": [1, 2]}, [1, 2, 2, 2]),  # fewer values: the last is repeated
        ({}, [0, 0, 0, 0]),
        ({"float_val": [1, 2, 3, 4, 5, 6]}, [1, 2, 3, 4]),  # more: ignored
        ({"float_val": [9], "tensor_content": np.float32([1, 2, 3, 4]).tobytes()}, [1, 2, 3, 4]),
    ],
)
def test_tensors_that_cpp_accepts(fields, expected, stub):
    proto = TensorProto(dtype=1, **fields)
    for side in (1, 4):
        proto.tensor_shape.dim.add(size=side)
    reply = stub.Predict(request({"x": proto, "bias": np.float32([0])}, version=3), timeout=20)
    assert tf.make_ndarray(reply.outputs["y"]).ravel() == pytest.approx(3 * np.float32(expected))


@pytest.mark.parametrize("sides", [(-1, 4), (2**40, 2**40), (2**34,)])
def test_shapes_that_claim_too_much_are_refused(sides, stub):
    proto = TensorProto(dtype=1, float_val=[1])
    for side in sides:
        proto.tensor_shape.dim.add(size=side)
    code, text = refused(stub.Predict, request({"x": proto, "bias": GOOD["bias"]}))
    assert (code, text) == ("INVALID_ARGUMENT", "tensor parsing error: x")


def test_strings_in_both_forms(stub):
    text = tf.make_tensor_proto([b"ab", b"xyz"])
    reply = stub.Predict(request({"text": text}, name="words"), timeout=20)
    assert tf.make_ndarray(reply.outputs["upper"]).tolist() == [b"AB", b"XYZ"]
    packed = TensorProto(dtype=7, tensor_content=b"\x02\x03abxyz")
    packed.tensor_shape.dim.add(size=2)
    reply = stub.Predict(request({"text": packed}, name="words"), timeout=20)
    assert tf.make_ndarray(reply.outputs["length"]).tolist() == [2, 3]


def test_metadata(stub):
    ask = get_model_metadata_pb2.GetModelMetadataRequest
    assert refused(stub.GetModelMetadata, ask()) == ("INVALID_ARGUMENT", "Missing ModelSpec")
    empty = ask()
    empty.model_spec.name = "affine"
    assert refused(stub.GetModelMetadata, empty) == (
        "INVALID_ARGUMENT",
        "GetModelMetadataRequest must specify at least one metadata_field",
    )
    empty.metadata_field.append("size")
    empty.model_spec.name = "nope"  # the field is looked at before the model
    assert refused(stub.GetModelMetadata, empty) == ("INVALID_ARGUMENT", "Metadata field size is not supported")
    empty.metadata_field[:] = ["signature_def"]
    assert refused(stub.GetModelMetadata, empty)[0] == "NOT_FOUND"
    empty.model_spec.name = "affine"
    reply = stub.GetModelMetadata(empty, timeout=20)
    assert (reply.model_spec.name, reply.model_spec.version.value, reply.model_spec.signature_name) == ("affine", 3, "")
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert reply.metadata["signature_def"].Unpack(signatures)
    assert set(signatures.signature_def) == {"serving_default", "sample", "slow", "__saved_model_init_op"}
    assert [d.size for d in signatures.signature_def["serving_default"].inputs["x"].tensor_shape.dim] == [-1, 4]


def test_status(models_stub):
    ask = get_model_status_pb2.GetModelStatusRequest
    assert refused(models_stub.GetModelStatus, ask()) == ("INVALID_ARGUMENT", "Missing ModelSpec")
    unknown = ask()
    unknown.model_spec.name = "nope"
    assert refused(models_stub.GetModelStatus, unknown) == ("NOT_FOUND", "Could not find any versions of model nope")
    unknown.model_spec.name = "affine"
    unknown.model_spec.version.value = 77
    assert refused(models_stub.GetModelStatus, unknown) == ("NOT_FOUND", "Could not find version 77 of model affine")
    known = ask()
    known.model_spec.name = "affine"
    known.model_spec.version_label = "ignored"
    (only,) = models_stub.GetModelStatus(known, timeout=20).model_version_status
    assert (only.version, only.state, only.status.error_code, only.status.error_message) == (3, 30, 0, "")


def test_an_unknown_method_is_unimplemented(address):
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary("/tensorflow.serving.PredictionService/Guess")
        assert refused(call, b"")[0] == "UNIMPLEMENTED"
