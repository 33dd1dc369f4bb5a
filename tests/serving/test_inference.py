"""Classify, Regress and MultiInference over the wire, by the stock stubs, on a tf.Example model of our own."""

import os

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    inference_pb2,
    prediction_log_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from serving.server import Server, ServerConfig

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"


def save(path):
    """y = half of x plus two; classes by sign. Signatures: serving_default, classify, scores, regress, broken ones."""
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        rows = tf.compat.v1.placeholder(tf.string, [None], "rows")
        spec = {"x": tf.io.FixedLenFeature([], tf.float32), "shift": tf.io.FixedLenFeature([], tf.float32, 0.0)}
        features = tf.io.parse_example(rows, spec)
        y = features["x"] / 2 + 2 + features["shift"]
        scores = tf.stack([y, -y], axis=1)
        classes = tf.tile(tf.constant([["up", "down"]]), [tf.shape(y)[0], 1])

        def signature(method, **outputs):
            info = {name: tf.compat.v1.saved_model.build_tensor_info(value) for name, value in outputs.items()}
            inputs = {"inputs": tf.compat.v1.saved_model.build_tensor_info(rows)}
            return tf.compat.v1.saved_model.build_signature_def(inputs, info, method)

        signatures = {
            "serving_default": signature(REGRESS, outputs=y),
            "column": signature(REGRESS, outputs=y[:, None]),
            "classify": signature(CLASSIFY, classes=classes, scores=scores),
            "scores": signature(CLASSIFY, scores=scores),
            "double": signature(REGRESS, outputs=tf.cast(y, tf.float64)),
            "wide": signature(REGRESS, outputs=scores),
            "one": signature(REGRESS, outputs=y[:1]),
            "flat": signature(CLASSIFY, scores=y),
            "named": signature(REGRESS, y=y),
        }
        builder = tf.compat.v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()
    os.utime(path / "variables", (0, 0))  # it is empty, and nobody is copying into it


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    base = tmp_path_factory.mktemp("models")
    save(base / "half" / "5")
    log = prediction_log_pb2.PredictionLog()
    log.classify_log.request.CopyFrom(request(classification_pb2.ClassificationRequest, [1.0], "classify"))
    logs = [log.SerializeToString()]
    log.regress_log.request.CopyFrom(request(regression_pb2.RegressionRequest, [1.0]))
    logs.append(log.SerializeToString())
    log.multi_inference_log.request.CopyFrom(multi([("classify", CLASSIFY)]))
    logs.append(log.SerializeToString())
    file = base / "half" / "5" / "assets.extra" / "tf_serving_warmup_requests"
    file.parent.mkdir()
    with tf.io.TFRecordWriter(str(file)) as writer:
        for record in logs:
            writer.write(record)
    made = Server(ServerConfig(models=base, port=0))
    yield made
    made.stop(0)


@pytest.fixture(scope="module")
def stub(server):
    with grpc.insecure_channel(server.address) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


def example(**features):
    made = tf.train.Example()
    for name, value in features.items():
        made.features.feature[name].float_list.value.append(value)
    return made


def request(kind, xs, signature="", context=None):
    made = kind()
    made.model_spec.name, made.model_spec.signature_name = "half", signature
    held = made.input.example_list if context is None else made.input.example_list_with_context
    if context is not None:
        held.context.CopyFrom(context)
    held.examples.extend([example(x=x) for x in xs])
    return made


def multi(tasks, xs=(1.0, -8.0)):
    made = inference_pb2.MultiInferenceRequest()
    made.input.example_list.examples.extend([example(x=x) for x in xs])
    for signature, method in tasks:
        task = made.tasks.add(method_name=method)
        task.model_spec.name, task.model_spec.signature_name = "half", signature
    return made


def refused(call, message):
    with pytest.raises(grpc.RpcError) as caught:
        call(message, timeout=20)
    return caught.value.code().name, caught.value.details()


@pytest.mark.parametrize("signature", ["", "column"])
def test_regress(stub, signature):
    reply = stub.Regress(request(regression_pb2.RegressionRequest, [1.0, 3.0], signature), timeout=20)
    np.testing.assert_allclose([r.value for r in reply.result.regressions], [2.5, 3.5])
    assert (reply.model_spec.name, reply.model_spec.version.value) == ("half", 5)
    assert reply.model_spec.signature_name == (signature or "serving_default")


def test_classify(stub):
    reply = stub.Classify(request(classification_pb2.ClassificationRequest, [1.0, -8.0], "classify"), timeout=20)
    found = [[(c.label, c.score) for c in row.classes] for row in reply.result.classifications]
    assert found == [[("up", 2.5), ("down", -2.5)], [("up", -2.0), ("down", 2.0)]]
    bare = stub.Classify(request(classification_pb2.ClassificationRequest, [1.0], "scores"), timeout=20)
    assert [(c.label, c.score) for c in bare.result.classifications[0].classes] == [("", 2.5), ("", -2.5)]


def test_the_context_fills_in_what_an_example_leaves_out(stub):
    asked = request(regression_pb2.RegressionRequest, [2.0], context=example(x=100.0, shift=7.0))
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
    code, text = refused(stub.Regress, request(regression_pb2.RegressionRequest, [1.0, 2.0], signature))
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
    code, text = refused(stub.Classify, request(classification_pb2.ClassificationRequest, [1.0], signature))
    assert code == "INVALID_ARGUMENT"
    assert text.startswith(message)


def test_nothing_to_classify(stub):
    empty = classification_pb2.ClassificationRequest()
    assert refused(stub.Classify, empty) == ("INVALID_ARGUMENT", "Missing ModelSpec")
    asked = request(classification_pb2.ClassificationRequest, [], "classify")
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


def test_warm_up_knows_these_kinds_and_the_monitor_counts(server):
    text = server.monitor.text()
    assert f'model_warmup_records_read{{model_path="{server.config.models}/half/5",status="OK"}} 3' in text
    assert ':tensorflow:serving:request_count{model_name="half",status="OK"}' in text
