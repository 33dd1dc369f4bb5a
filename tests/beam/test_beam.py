"""The model handler in a pipeline, on a runner in this process, against a real server."""

import re
import subprocess
import sys
import threading

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.ml.inference.base import KeyedModelHandler, RunInference
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that
from apache_beam.utils.retry import Clock
from conftest import ROOT, serve

from serving import Client, InvalidRequest, NotFound, Unavailable
from serving.batch import beam as ours
from serving.protocol.errors import Code, error


def pipeline():
    # The default runner may fetch another first.
    return beam.Pipeline(runner=FnApiRunner())


def test_rows_through_a_pipeline_are_those_of_one_call(address):
    with Client(address) as client:
        expected = client.predict("affine", {"seed": np.arange(200)}, signature="sample")["images"]

    def check(found):
        assert len(found) == 200
        for result in found:
            assert result.model_id == "affine/3"
            assert np.array_equal(result.inference["images"], expected[result.example["seed"]])

    handler = ours.TFServingModelHandler(address, "affine", signature="sample", rows=32)
    with pipeline() as p:
        results = p | beam.Create([{"seed": s} for s in range(200)]) | RunInference(handler)
        assert_that(results, check)
    assert "tensorflow" not in sys.modules


def test_a_version_outputs_and_keys(address):
    def check(found):
        assert sorted(key for key, _ in found) == ["a", "b"]
        for key, result in found:
            assert result.model_id == "affine/3"
            assert set(result.inference) == {"total"}
            assert result.inference["total"] == {"a": 12.0, "b": 14.0}[key]

    handler = ours.TFServingModelHandler(address, "affine", version=3, outputs=["total"])
    rows = [("a", {"x": [1.0, 1, 1, 1], "bias": 0.0}), ("b", {"x": [1.0, 1, 1, 1], "bias": 0.5})]
    with pipeline() as p:
        assert_that(p | beam.Create(rows) | RunInference(KeyedModelHandler(handler)), check)


def test_a_mistake_fails_the_pipeline_at_once(address, monkeypatch):
    handler = ours.TFServingModelHandler(address, "nope")
    pauses = []
    monkeypatch.setattr(Clock, "sleep", lambda self, seconds: pauses.append(seconds))
    with pytest.raises(Exception, match=r"Latest\(nope\)"), pipeline() as p:
        _ = p | beam.Create([{"seed": 1}]) | RunInference(handler)
    assert not pauses


@pytest.mark.parametrize(
    ("code", "again"),
    [
        (Code.UNAVAILABLE, True),
        (Code.RESOURCE_EXHAUSTED, True),
        (Code.DEADLINE_EXCEEDED, True),
        (Code.INVALID_ARGUMENT, False),
        (Code.NOT_FOUND, False),
    ],
)
def test_what_beam_tries_again(code, again):
    assert ours.retried(error(code, "")) is again
    assert not ours.retried(ValueError())


def test_a_server_that_comes_late_is_waited_for(models):
    """Beam's own retries bridge it."""
    process, address = serve(models)
    process.terminate()
    process.communicate()
    handler = ours.TFServingModelHandler(address, "affine", signature="sample")
    with Client(address, retries=0) as client, pytest.raises(Unavailable):
        client.status("affine")
    started = []
    thread = threading.Thread(target=lambda: started.append(serve(models, address.split(":")[1])[0]))
    thread.start()
    try:
        with handler.create_client() as client:
            (result,) = handler.run_inference([{"seed": 2}], client)
        assert result.inference["images"][0, 0, 0] == 6
    finally:
        thread.join()
        started[0].terminate()
        started[0].communicate()


def test_rows_that_differ_and_arguments_that_are_none():
    assert ours.stacked([{"a": 1.0}, {"a": 2.0}])["a"].dtype == np.float32
    for rows in ([{"a": [1.0]}, {"a": [1.0, 2.0]}], [{"a": 1.0}, {"b": 1.0}]):
        with pytest.raises(InvalidRequest, match="same inputs in the same shapes"):
            ours.stacked(rows)
    with pytest.raises(ValueError, match="received \\['temperature'\\]"):
        ours.TFServingModelHandler("nowhere", "m").validate_inference_args({"temperature": 1})


def test_failures_of_a_call_are_the_clients(address):
    handler = ours.TFServingModelHandler(address, "affine", signature="sample")
    with handler.create_client() as client, pytest.raises(NotFound):
        handler.request([{"seed": 1}], client, {"version": 7})


def test_the_script_of_the_documentation(address, tmp_path):
    (script,) = re.findall(
        r"```python\n(import sys\n.*?RunInference.*?)```", (ROOT / "docs/serving.md").read_text(), re.S
    )
    for name, here in (('"dcgan"', '"affine"'), ("version=1", "version=3"), ("range(1000)", "range(10)")):
        assert name in script
        script = script.replace(name, here)
    runner = "--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner"
    subprocess.run([sys.executable, "-c", script, address, runner], cwd=tmp_path, check=True, capture_output=True)
    lines = [line for file in tmp_path.glob("means.csv*") for line in file.read_text().splitlines()]
    # scale * seed * mean of (1, 2, 3, 4)
    assert sorted(lines) == [f"{seed},{3 * seed * 2.5:.4f}" for seed in range(10)]
