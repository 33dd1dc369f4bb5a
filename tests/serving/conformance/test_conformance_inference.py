"""Classify, Regress and MultiInference over the wire, by the stock stubs, on a tf.Example model. See conftest.py."""

import numpy as np
import pytest
from asks import about, example, multi, refused
from savedmodels import CLASSIFY, REGRESS
from tensorflow_serving.apis import classification_pb2, regression_pb2


@pytest.mark.parametrize("signature", ["", "column"])
def test_regress(stub, signature):
    reply = stub.Regress(about(regression_pb2.RegressionRequest, [1.0, 3.0], signature), timeout=20)
    np.testing.assert_allclose([r.value for r in reply.result.regressions], [2.5, 3.5])
    assert (reply.model_spec.name, reply.model_spec.version.value) == ("half", 5)
    assert reply.model_spec.signature_name == (signature or "serving_default")


def test_classify(stub):
    reply = stub.Classify(about(classification_pb2.ClassificationRequest, [1.0, -8.0], "classify"), timeout=20)
    found = [[(c.label, c.score) for c in row.classes] for row in reply.result.classifications]
    assert found == [[("up", 2.5), ("down", -2.5)], [("up", -2.0), ("down", 2.0)]]
    bare = stub.Classify(about(classification_pb2.ClassificationRequest, [1.0], "scores"), timeout=20)
    assert [(c.label, c.score) for c in bare.result.classifications[0].classes] == [("", 2.5), ("", -2.5)]


def test_the_context_fills_in_what_an_example_leaves_out(stub):
    asked = about(regression_pb2.RegressionRequest, [2.0], context=example(x=100.0, shift=7.0))
    assert stub.Regress(asked, timeout=20).result.regressions[0].value == 10.0


def test_multi_inference(stub):
    reply = stub.MultiInference(multi([("classify", CLASSIFY), ("", REGRESS)]), timeout=20)
    labels, numbers = reply.results
    assert [c.score for c in labels.classification_result.classifications[1].classes] == [-2.0, 2.0]
    assert [r.value for r in numbers.regression_result.regressions] == [2.5, -2.0]
    assert [r.model_spec.signature_name for r in reply.results] == ["classify", "serving_default"]
    assert {r.model_spec.version.value for r in reply.results} == {5}


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ("nothing", "No signature was found with the name: nothing"),
        ("classify", "Expected one output Tensor."),
        ("named", "No regression outputs found in SignatureDef: "),
        ("double", "Expected output Tensor of DT_FLOAT.  Got: DT_DOUBLE"),
        ("wide", "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "),
        ("one", "Expected output batch size to be 2. Got: 1"),
    ],
)
def test_regress_refuses(stub, signature, message):
    code, text = refused(stub.Regress, about(regression_pb2.RegressionRequest, [1.0, 2.0], signature))
    assert code == "INVALID_ARGUMENT"
    assert text.startswith(message)


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ("nothing", "No signature was found with the name: nothing"),
        ("", "Expected classification signature outputs to contain"),
        ("flat", "Expected Tensor shape: [batch_size num_classes] but got [1]"),
    ],
)
def test_classify_refuses(stub, signature, message):
    code, text = refused(stub.Classify, about(classification_pb2.ClassificationRequest, [1.0], signature))
    assert code == "INVALID_ARGUMENT"
    assert text.startswith(message)


def test_nothing_to_classify(stub):
    empty = classification_pb2.ClassificationRequest()
    assert refused(stub.Classify, empty) == ("INVALID_ARGUMENT", "Missing ModelSpec")
    asked = about(classification_pb2.ClassificationRequest, [], "classify")
    assert refused(stub.Classify, asked) == ("INVALID_ARGUMENT", "Input is empty.")


@pytest.mark.parametrize(
    ("tasks", "code", "message"),
    [
        ([("", "tensorflow/serving/predict")], "UNIMPLEMENTED", "Unsupported signature method_name: tensorflow/"),
        ([("", REGRESS), ("", REGRESS)], "INVALID_ARGUMENT", "Duplicate evaluation of signature: serving_default"),
        ([("nothing", REGRESS)], "INVALID_ARGUMENT", "Requested signature not found in model graph: nothing"),
    ],
)
def test_multi_inference_refuses(stub, tasks, code, message):
    found = refused(stub.MultiInference, multi(tasks))
    assert found[0] == code
    assert found[1].startswith(message)


def test_multi_inference_is_over_one_model(stub):
    asked = multi([("", REGRESS), ("classify", CLASSIFY)])
    asked.tasks[1].model_spec.name = "other"
    assert refused(stub.MultiInference, asked) == (
        "INVALID_ARGUMENT",
        "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
    )
