"""The messages of each call, read with TensorFlow Serving's own classes."""

import inspect

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_status_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

from serving import AsyncClient, Client, InvalidRequest, Label, NotFound, ServerFailure
from serving.client import Transport, calls
from serving.protocol import protos


class Scripted(Transport):
    """Records the request, and returns the reply that the test wrote."""

    def __init__(self, reply):
        self.reply = reply

    def call(self, method, request, timeout):
        self.method, self.request, self.timeout = method, request, timeout
        return self.reply.SerializeToString()

    def close(self):
        pass


EXAMPLES = [
    {"age": 7, "names": ["a", "b"], "score": [0.5, 1.5], "flag": True},
    {"image": b"\x00\x01\x00"},
]


def features(message):
    kinds = {k: f.WhichOneof("kind") for k, f in message.features.feature.items()}
    return {k: list(getattr(message.features.feature[k], kind).value) for k, kind in kinds.items()}


def sent_examples(request):
    return [features(tf.train.Example.FromString(e.SerializeToString())) for e in request.input.example_list.examples]


def test_classify():
    reply = classification_pb2.ClassificationResponse()
    for scores in ({"cat": 0.75, "dog": 0.25}, {}):
        found = reply.result.classifications.add()
        for label, score in scores.items():
            found.classes.add(label=label, score=score)
    wire = Scripted(reply)
    with Client("nowhere", transport=wire) as client:
        found = client.classify("m", EXAMPLES, signature="s", version="stable", timeout=3)
    assert found == [[Label("cat", 0.75), Label("dog", 0.25)], []]
    assert (wire.method, wire.timeout) == ("tensorflow.serving.PredictionService/Classify", 3)
    request = classification_pb2.ClassificationRequest.FromString(wire.request)
    assert (request.model_spec.name, request.model_spec.signature_name) == ("m", "s")
    assert request.model_spec.version_label == "stable"
    assert sent_examples(request) == [
        {"age": [7], "names": [b"a", b"b"], "score": [0.5, 1.5], "flag": [1]},
        {"image": [b"\x00\x01\x00"]},
    ]


def test_regress_takes_serialised_examples_too():
    reply = regression_pb2.RegressionResponse()
    reply.result.regressions.add(value=2.5)
    wire = Scripted(reply)
    given = tf.train.Example()
    given.features.feature["x"].float_list.value.append(1.5)
    with Client("nowhere", transport=wire) as client:
        found = client.regress("m", [given.SerializeToString()])
    assert found.tolist() == [2.5]
    assert found.dtype == np.float32
    assert wire.method.endswith("/Regress")
    assert sent_examples(regression_pb2.RegressionRequest.FromString(wire.request)) == [{"x": [1.5]}]


def test_features_that_an_example_cannot_hold():
    with (
        Client("nowhere", transport=Scripted(regression_pb2.RegressionResponse())) as client,
        pytest.raises(InvalidRequest, match="feature 'z' is complex64"),
    ):
        client.regress("m", [{"z": np.complex64(1j)}])


CONFIG = 'model_config_list { config { name: "m" base_path: "/models/m" model_platform: "tensorflow" } }'


@pytest.mark.parametrize("kind", ["text", "message"])
def test_reload_config(kind):
    wire = Scripted(model_management_pb2.ReloadConfigResponse())
    config = CONFIG
    if kind == "message":
        config = protos.ModelServerConfig()
        config.model_config_list.config.add(name="m", base_path="/models/m", model_platform="tensorflow")
    with Client("nowhere", transport=wire) as client:
        assert client.reload_config(config) is None
    assert wire.method == "tensorflow.serving.ModelService/HandleReloadConfigRequest"
    (sent,) = model_management_pb2.ReloadConfigRequest.FromString(wire.request).config.model_config_list.config
    assert (sent.name, sent.base_path, sent.model_platform) == ("m", "/models/m", "tensorflow")


def test_reload_config_says_what_was_wrong():
    reply = model_management_pb2.ReloadConfigResponse()
    reply.status.error_code, reply.status.error_message = 5, "not there"
    with Client("nowhere", transport=Scripted(reply)) as client:
        with pytest.raises(NotFound, match="not there"):
            client.reload_config(CONFIG)
        with pytest.raises(InvalidRequest, match=r"not the text of a ModelServerConfig: .*modl"):
            client.reload_config("modl_config_list {}")


@pytest.mark.parametrize(("version", "field", "value"), [(0, "version", 0), (7, "version", 7), ("a", "label", "a")])
def test_a_version_is_a_number_or_a_label(version, field, value):
    wire = Scripted(predict_pb2.PredictResponse())
    with Client("nowhere", transport=wire) as client:
        client.predict("m", {}, version=version)
    spec = predict_pb2.PredictRequest.FromString(wire.request).model_spec
    assert spec.WhichOneof("version_choice") == ("version" if field == "version" else "version_label")
    assert (spec.version.value if field == "version" else spec.version_label) == value


def test_status_texts():
    reply = get_model_status_pb2.GetModelStatusResponse()
    row = reply.model_version_status.add(version=2, state=50)
    row.status.error_code, row.status.error_message = 13, "it broke"
    reply.model_version_status.add(version=1, state=30)
    with Client("nowhere", transport=Scripted(reply)) as client:
        assert list(map(str, client.status("m"))) == ["version 2 is END it broke", "version 1 is AVAILABLE"]


def test_a_malformed_tensor_is_the_servers_fault():
    reply = predict_pb2.PredictResponse()
    reply.outputs["y"].dtype = 1
    reply.outputs["y"].tensor_shape.dim.add(size=3)
    reply.outputs["y"].tensor_content = b"123"
    with (
        Client("nowhere", transport=Scripted(reply)) as client,
        pytest.raises(ServerFailure, match="3 bytes for the shape"),
    ):
        client.predict("m", {})


def test_describe_is_a_table_for_people(client):
    lines = client.describe("affine").splitlines()
    assert lines[0] == "affine version 3"
    start = lines.index("serving_default (tensorflow/serving/predict)")
    assert lines[start + 1 : start + 5] == [
        "  in  bias: float32 [?]",
        "  in  x: float32 [?, 4]",
        "  out total: float32 [?]",
        "  out y: float32 [?, 4]",
    ]


@pytest.mark.parametrize("name", ["predict", "classify", "regress", "metadata", "status", "reload_config"])
def test_both_clients_have_every_call_with_its_arguments_and_text(name):
    made = inspect.signature(getattr(calls, name))
    for kind in (Client, AsyncClient):
        method = getattr(kind, name)
        assert ["self", *made.parameters] == list(inspect.signature(method).parameters)
        assert method.__doc__ == getattr(calls, name).__doc__


def test_both_clients_have_the_same_methods():
    ours, theirs = ({n for n in dir(kind) if not n.startswith("_")} for kind in (Client, AsyncClient))
    assert ours == theirs
    for name in ("__init__", "stream", "predict_chunked", "wait_until_available"):
        ours, theirs = (inspect.signature(getattr(kind, name)).parameters for kind in (Client, AsyncClient))
        assert list(ours) == list(theirs)
