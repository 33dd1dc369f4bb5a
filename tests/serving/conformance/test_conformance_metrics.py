"""Prometheus metrics: what each kind of request adds to them. See conftest.py."""

import re

import numpy as np
from asks import about, multi, predict, refused
from savedmodels import CLASSIFY
from tensorflow_serving.apis import classification_pb2

PATH = "/monitoring/prometheus/metrics"
SEED = {"seed": np.int64([1])}
BUCKETS = r"^:tensorflow:serving:request_latency_bucket\{model_name=\"affine\",API=\"Predict\",.*le=\"(.*)\"\}"


def counts(http):
    """Every series and its number."""
    lines = (line.rpartition(" ") for line in http.get(PATH).text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def grown(http, act):
    """What a call makes the series grow by."""
    before = counts(http)
    act()
    return {name: value - before.get(name, 0) for name, value in counts(http).items() if value != before.get(name, 0)}


def series(name, **labels):
    pairs = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f":tensorflow:serving:{name}{{{pairs}}}"


def test_a_prediction(http, stub):
    found = grown(http, lambda: stub.Predict(predict(SEED, signature="sample"), timeout=20))
    assert found[series("request_count", model_name="affine", status="OK")] == 1
    assert found[series("request_latency_count", model_name="affine", API="Predict", entrypoint="GRPC")] == 1
    assert found[series("runtime_latency_count", model_name="affine", API="Predict", runtime="TF1")] == 1
    whole = found[series("request_latency_sum", model_name="affine", API="Predict", entrypoint="GRPC")]
    assert 0 < found[series("runtime_latency_sum", model_name="affine", API="Predict", runtime="TF1")] <= whole


def test_a_refusal_is_counted_by_its_code_and_has_no_latency(http, stub):
    found = grown(http, lambda: refused(stub.Predict, predict(SEED, "nowhere")))
    assert found == {series("request_count", model_name="nowhere", status="NOT_FOUND"): 1}


def test_over_rest(http):
    body = {"signature_name": "sample", "instances": [1]}
    found = grown(http, lambda: http.post("/v1/models/affine:predict", json=body))
    assert found[series("request_count", model_name="affine", status="OK")] == 1
    assert found[series("request_latency_count", model_name="affine", API="predict", entrypoint="REST")] == 1


def test_examples(http, stub):
    asked = about(classification_pb2.ClassificationRequest, [1.0, 2.0, 3.0], "classify")
    found = grown(http, lambda: stub.Classify(asked, timeout=20))
    assert found[series("request_count", model_name="half", status="OK")] == 1
    assert found[series("request_example_count_total", model="half")] == 3
    assert found[series("request_example_counts_sum", model="half")] == 3
    assert found[series("runtime_latency_count", model_name="half", API="Classify", runtime="TF1")] == 1


def test_multi_inference_is_not_counted_as_a_request(http, stub):
    found = grown(http, lambda: stub.MultiInference(multi([("classify", CLASSIFY)]), timeout=20))
    assert series("request_count", model_name="half", status="OK") not in found
    assert found[series("runtime_latency_count", model_name="half", API="MultiInference", runtime="TF1")] == 1


def test_the_format(http, stub):
    stub.Predict(predict(SEED, signature="sample"), timeout=20)
    reply = http.get(PATH)
    assert reply.headers["content-type"].startswith("text/plain")
    comments = [line for line in reply.text.splitlines() if line.startswith("#")]
    assert all(line.startswith("# TYPE :tensorflow:") for line in comments)
    edges = [float(edge.replace("+Inf", "inf")) for edge in re.findall(BUCKETS, reply.text, re.M)]
    np.testing.assert_allclose(edges[:-1], 10 * 1.8 ** np.arange(33), rtol=1e-5)
    assert edges[-1] == np.inf


def test_another_path(http):
    reply = http.get("/monitoring/elsewhere")
    assert (reply.status_code, reply.text) == (400, f"Unexpected path: /monitoring/elsewhere. Should be {PATH}")
