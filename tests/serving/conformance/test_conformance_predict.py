"""TF Serving's rules of Predict, called with the stock stubs. See conftest.py."""

import numpy as np
import pytest
import tensorflow as tf
from asks import predict, refused, tensor
from tensorflow_serving.apis import predict_pb2

X = np.arange(8, dtype=np.float32).reshape(2, 4)
GOOD = {"x": X, "bias": np.float32([1, 2])}


def test_predict_uses_the_latest_version_and_returns_the_resolved_signature(stub):
    reply = stub.Predict(predict(GOOD), timeout=20)
    np.testing.assert_allclose(tf.make_ndarray(reply.outputs["y"]), 3 * X + GOOD["bias"][:, None])
    np.testing.assert_allclose(tf.make_ndarray(reply.outputs["total"]), (3 * X + GOOD["bias"][:, None]).sum(1))
    assert (reply.model_spec.name, reply.model_spec.version.value) == ("affine", 3)
    assert reply.model_spec.signature_name == "serving_default"
    assert not reply.model_spec.version_label


def test_replies_are_typed_fields_byte_for_byte(stub):
    """As Tensor::AsProtoField: dtype, shape, float_val; the stock example clients read float_val."""
    reply = stub.Predict(predict(GOOD, outputs=["total"]), timeout=20)
    values = (3 * X + GOOD["bias"][:, None]).sum(1)
    expected = tensor(2, dtype=1, float_val=values.tolist())
    assert reply.outputs["total"].SerializeToString(deterministic=True) == expected.SerializeToString(
        deterministic=True
    )
    assert not reply.outputs["total"].tensor_content


RULES = {
    "no spec": (predict_pb2.PredictRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
    "no name": (predict(GOOD, name="", signature="s"), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
    "unknown model": (predict(GOOD, name="nope"), "NOT_FOUND", "Servable not found for request: Latest(nope)"),
    "unknown version": (predict(GOOD, version=9), "NOT_FOUND", "Servable not found for request: Specific(affine, 9)"),
    "version zero": (predict(GOOD, version=0), "NOT_FOUND", "Servable not found for request: Specific(affine, 0)"),
    "label": (predict(GOOD, label="canary"), "INVALID_ARGUMENT", "Unrecognized servable version label: canary"),
    "unknown signature": (predict(GOOD, signature="s"), "FAILED_PRECONDITION", 'Serving signature key "s" not found.'),
    "too few": (
        predict({"x": X}),
        "INVALID_ARGUMENT",
        "input size does not match signature: 1!=2 len({x}) != len({bias,x}). Sent extra: {}. "
        "Missing but required: {bias}.",
    ),
    "too many": (
        predict({**GOOD, "z": X, "a": X}),
        "INVALID_ARGUMENT",
        "input size does not match signature: 4!=2 len({a,bias,x,z}) != len({bias,x}). Sent extra: {a,z}. "
        "Missing but required: {}.",
    ),
    "bad tensor": (
        predict({**GOOD, "x": tensor(dtype=1, tensor_content=b"abc")}),
        "INVALID_ARGUMENT",
        "tensor parsing error: x",
    ),
    "unknown output": (
        predict(GOOD, outputs=["z"]),
        "INVALID_ARGUMENT",
        "output tensor alias not found in signature: z Outputs expected to be in the set {total,y}.",
    ),
    "output twice": (predict(GOOD, outputs=["y", "y"]), "INVALID_ARGUMENT", "duplicate output tensor alias: y"),
}


@pytest.mark.parametrize("case", RULES)
def test_predict_rules(case, stub):
    message, code, text = RULES[case]
    assert refused(stub.Predict, message) == (code, text)


def test_an_equal_count_with_a_wrong_name(stub):
    code, text = refused(stub.Predict, predict({"x": X, "z": X}))
    assert code == "INVALID_ARGUMENT"
    assert text.startswith("Signature input alias: bias(feed name: serving_default_bias:0) not found in request and no")
    assert "Inputs expected to be in the request {x,z}, or default input alias set: " in text


def test_the_engine_refuses_wrong_dtypes_and_shapes(stub):
    code, text = refused(stub.Predict, predict({**GOOD, "x": X.astype(np.float64)}))
    assert code == "INVALID_ARGUMENT"
    assert "to be float but double is provided" in text
    code, text = refused(stub.Predict, predict({**GOOD, "bias": np.float32([1, 2, 3])}))
    assert code == "INVALID_ARGUMENT"
    assert "File " not in text, "paths of this machine are nobody's business"


def test_zero_rows_are_fine(stub):
    reply = stub.Predict(predict({"x": X[:0], "bias": GOOD["bias"][:0]}), timeout=20)
    assert tf.make_ndarray(reply.outputs["y"]).shape == (0, 4)


def test_a_deadline_cuts_the_run_off(stub):
    slow = predict({"turns": np.int64([10**7])}, signature="slow")
    code, _ = refused(stub.Predict, slow, timeout=0.5)
    assert code == "DEADLINE_EXCEEDED"
    assert stub.Predict(predict(GOOD), timeout=20).outputs  # and the server goes on


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
    proto = tensor(1, 4, dtype=1, **fields)
    reply = stub.Predict(predict({"x": proto, "bias": np.float32([0])}, version=3), timeout=20)
    assert tf.make_ndarray(reply.outputs["y"]).ravel() == pytest.approx(3 * np.float32(expected))


@pytest.mark.parametrize("unknown", [False, True], ids=["", "rank unknown"])
@pytest.mark.parametrize("sides", [(-1, 4), (2**40, 2**40), (2**34,)])
def test_shapes_that_declare_too_much_are_refused(sides, unknown, stub):
    proto = tensor(*sides, dtype=1, float_val=[1])
    proto.tensor_shape.unknown_rank = unknown
    code, text = refused(stub.Predict, predict({"x": proto, "bias": GOOD["bias"]}))
    assert (code, text) == ("INVALID_ARGUMENT", "tensor parsing error: x")


def test_strings_in_both_forms(stub):
    text = tf.make_tensor_proto([b"ab", b"xyz"])
    reply = stub.Predict(predict({"text": text}, name="words"), timeout=20)
    assert tf.make_ndarray(reply.outputs["upper"]).tolist() == [b"AB", b"XYZ"]
    packed = tensor(2, dtype=7, tensor_content=b"\x02\x03abxyz")
    reply = stub.Predict(predict({"text": packed}, name="words"), timeout=20)
    assert tf.make_ndarray(reply.outputs["length"]).tolist() == [2, 3]


def test_labels_and_versions_choose_and_are_not_echoed(stub):
    for asked, version in (({"label": "stable"}, 1), ({"label": "canary"}, 3), ({"version": 1}, 1), ({}, 3)):
        reply = stub.Predict(predict({"seed": np.int64([1])}, "both", "sample", **asked), timeout=20)
        assert (reply.model_spec.version.value, reply.model_spec.version_label) == (version, "")
        assert tf.make_ndarray(reply.outputs["images"])[0, 0, 0, 0] == version
    both = predict({"seed": np.int64([1])}, "both", "sample", version=1, label="canary")
    assert stub.Predict(both, timeout=20).model_spec.version.value == 3, "of a oneof the last counts"


def test_a_shape_that_broadcasts_is_accepted(stub):
    reply = stub.Predict(predict({"x": X, "bias": np.float32([5])}), timeout=20)
    np.testing.assert_array_equal(tf.make_ndarray(reply.outputs["y"]), 3 * X + 5)


def test_the_engines_errors_name_the_node(stub):
    code, text = refused(stub.Predict, predict({**GOOD, "bias": np.float32([1, 2, 3])}))
    assert (code, "\n\t [[{{" in text) == ("INVALID_ARGUMENT", True)
    code, text = refused(stub.Predict, predict({"inputs": np.float32([1])}, "half", "unfed"))
    assert code == "INVALID_ARGUMENT"
    assert text.startswith("You must feed a value for placeholder tensor 'forgotten' with dtype float")


def test_a_default_replaces_a_missing_input(stub):
    reply = stub.Predict(predict({"x": X}, "default"), timeout=20)
    np.testing.assert_array_equal(tf.make_ndarray(reply.outputs["y"]), X + 10)
    reply = stub.Predict(predict(GOOD, "default"), timeout=20)
    np.testing.assert_array_equal(tf.make_ndarray(reply.outputs["y"]), X + GOOD["bias"][:, None])
    code, text = refused(stub.Predict, predict({"bias": GOOD["bias"]}, "default"))
    assert code == "INVALID_ARGUMENT"
    assert text.startswith("Signature input alias: x(feed name: ")
    assert text.endswith("or default input alias set: bias")
    wrong = predict({"x": X, "z": X}, "default")
    text = "Inputs contains invalid name. Used request inputs: x, request input: x,z"
    assert refused(stub.Predict, wrong) == ("INVALID_ARGUMENT", text)


@pytest.mark.parametrize(
    ("signature", "inputs", "alias"),
    [
        ("tensor", {"inputs": np.float32([1])}, "y"),
        ("regress", {"inputs": [b""]}, "outputs"),
        ("classify", {"inputs": [b""]}, "scores"),
    ],
)
def test_predict_takes_signatures_of_any_method(signature, inputs, alias, stub):
    name = "half" if signature == "tensor" else "judge"
    assert alias in stub.Predict(predict(inputs, name, signature), timeout=20).outputs


def test_a_signature_without_inputs_and_the_state_behind_it(stub):
    def count():
        return float(tf.make_ndarray(stub.Predict(predict({}, "counter"), timeout=20).outputs["count"]))

    before = count()
    reply = stub.Predict(predict({"delta": np.float32([[1, 2], [3, 4]])}, "counter", "add"), timeout=20)
    assert float(tf.make_ndarray(reply.outputs["count"])) == before + 10 == count()
    assert tf.make_ndarray(reply.outputs["shape"]).tolist() == [2, 2]
    assert reply.model_spec.version.value == 123, "of the folder 00000123"


def test_a_keras_export(stub):
    reply = stub.Predict(predict({"x": np.float32([[1, 2, 3], [0, 0, 1]])}, "keras"), timeout=20)
    assert tf.make_ndarray(reply.outputs["output_0"]).tolist() == [[6, 6], [1, 1]]


def test_every_type_of_tensor_goes_in_and_comes_out(stub):
    numbers = np.array([0, 1, 2])
    kinds = ["float64", "uint8", "int8", "int16", "int32", "bool", "float16", "uint32", "uint64", "complex64"]
    sent = {kind: numbers.astype(kind) for kind in kinds}
    reply = stub.Predict(predict(sent, "words", "kinds"), timeout=20)
    for kind, value in sent.items():
        found = tf.make_ndarray(reply.outputs[f"{kind}_out"])
        np.testing.assert_array_equal(found, value)
        assert found.dtype == value.dtype


def test_numbers_too_large_for_their_type_wrap(stub):
    sent = predict({"octets": tensor(2, dtype=4, int_val=[300, -1])}, "counter", "octets")
    assert tf.make_ndarray(stub.Predict(sent, timeout=20).outputs["same"]).tolist() == [44, 255]


def test_an_unknown_rank_is_a_scalar_of_the_first_value(stub):
    sent = tensor(dtype=1, float_val=[0, 7])
    sent.tensor_shape.unknown_rank = True
    reply = stub.Predict(predict({"delta": sent}, "counter", "add"), timeout=20)
    assert tf.make_ndarray(reply.outputs["shape"]).tolist() == []


@pytest.mark.parametrize(
    "proto",
    [
        tensor(2, dtype=1, tensor_content=bytes(7)),
        tensor(2, dtype=1, tensor_content=bytes(9)),
        tensor(2, dtype=0, float_val=[1, 2]),
        tensor(2, dtype=99, float_val=[1, 2]),
        tensor(2**24, dtype=20),
    ],
    ids=["too short", "too long", "no type", "unknown type", "handles"],
)
def test_tensors_that_cannot_be_parsed(proto, stub):
    sent = predict({**GOOD, "bias": proto})
    assert refused(stub.Predict, sent) == ("INVALID_ARGUMENT", "tensor parsing error: bias")
