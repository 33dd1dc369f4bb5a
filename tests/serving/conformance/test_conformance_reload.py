"""Reloads, policies, labels, discovery. See conftest.py."""

import shutil
import time

import numpy as np
import pytest
import savedmodels
from asks import predict, refused
from google.protobuf import text_format
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2, prediction_log_pb2

SEED = {"seed": np.int64([1])}


def reload(text, metrics=()):
    made = model_management_pb2.ReloadConfigRequest(metric_names=metrics)
    text_format.Parse(text, made.config)
    return made


def states(models_stub, name):
    asked = get_model_status_pb2.GetModelStatusRequest()
    asked.model_spec.name = name
    return {s.version: s.state for s in models_stub.GetModelStatus(asked, timeout=20).model_version_status}


def until(condition, seconds=30):
    """Waits for an unload or a poll of a folder, which only tests do."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def available(models_stub, name):
    return {version for version, state in states(models_stub, name).items() if state == 30}


def test_a_reload_answers_with_its_status_and_what_metrics_grew(reloading, models_stub, stub):
    name = "/tensorflow/serving/request_count"
    reply = models_stub.HandleReloadConfigRequest(reload(reloading.config(), [name]), timeout=60)
    assert reply.HasField("status")
    assert reply.status.error_code == 0
    assert [metric.name for metric in reply.metric] == [name]
    assert reply.metric[0].int64_value_increase >= 0


def test_a_config_replaces_the_one_before(reloading, models_stub, stub):
    models_stub.HandleReloadConfigRequest(reload(reloading.config(words=None)), timeout=60)
    until(lambda: states(models_stub, "words") == {1: 50})
    asked = predict({"text": [b"a"]}, "words")
    assert refused(stub.Predict, asked) == ("NOT_FOUND", "Servable not found for request: Latest(words)")
    assert stub.Predict(predict(SEED, signature="sample"), timeout=20).outputs
    models_stub.HandleReloadConfigRequest(reload(reloading.config()), timeout=60)
    assert stub.Predict(asked, timeout=20).outputs


REFUSED = {
    "no list": ("custom_model_config {}", "INVALID_ARGUMENT", "ServerModelConfig type not supported by Handle"),
    "nothing": ("", "INVALID_ARGUMENT", "Only ModelConfigList is currently supported"),
    "twice": ("{words} {words}", "INVALID_ARGUMENT", "Illegal to list model words multiple times in config list"),
    "relative": (
        '{words} config { name: "r" base_path: "here/r" model_platform: "tensorflow" }',
        "INVALID_ARGUMENT",
        "Expected model r to have an absolute path or URI; got base_path()=here/r",
    ),
    "no platform": (
        'config { name: "x" base_path: "/x" }',
        "INVALID_ARGUMENT",
        "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, "
        "model name is x",
    ),
    "two platforms": (
        'config { name: "x" base_path: "/x" model_platform: "tensorflow" model_type: TENSORFLOW }',
        "INVALID_ARGUMENT",
        "Illegal setting both",
    ),
    "unknown platform": (
        'config { name: "x" base_path: "/x" model_platform: "torch" }',
        "INVALID_ARGUMENT",
        "Model x requests unsupported platform torch",
    ),
    "another platform": (
        'config { name: "words" base_path: "/x" model_platform: "torch" }',
        "INVALID_ARGUMENT",
        "Illegal to change a model's platform. For model words platform was tensorflow and new platform requested is "
        "torch",
    ),
    "label": (
        'config { name: "words" base_path: "/x" model_platform: "tensorflow" version_labels { key: "a" value: 9 } }',
        "FAILED_PRECONDITION",
        "Request to assign label to version 9 of model words, which is not currently available for inference",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_config_changes_nothing(case, reloading, models_stub, stub):
    text, code, message = REFUSED[case]
    if case not in ("no list", "nothing"):
        text = f"model_config_list {{ {text.replace('{words}', reloading.entry('words'))} }}"
    found = refused(models_stub.HandleReloadConfigRequest, reload(text), timeout=60)
    assert found[0] == code
    assert message in found[1]
    assert stub.Predict(predict(SEED, signature="sample"), timeout=20).outputs


def test_a_new_model_that_does_not_load_is_an_error(reloading, models_stub, stub):
    base = f'base_path: "{reloading.folder / "broken"}"'
    code, text = refused(models_stub.HandleReloadConfigRequest, reload(reloading.config(new=base)), timeout=60)
    assert code == "UNKNOWN"
    assert text.startswith("1 model(s) did not become available: {{{name: new version: 1} due to error: ")
    assert text.endswith("}, }")
    assert stub.Predict(predict(SEED, signature="sample"), timeout=20).outputs


@pytest.mark.parametrize(
    ("policy", "versions"),
    [
        ("", {3}),
        ("latest {}", {3}),
        ("latest { num_versions: 2 }", {1, 3}),
        ("all {}", {1, 3}),
        ("specific { versions: 1 versions: 9 }", {1}),
    ],
)
def test_a_policy_chooses_the_versions(policy, versions, reloading, models_stub):
    more = f'base_path: "{reloading.folder / "affine"}"' + (policy and f" model_version_policy {{ {policy} }}")
    models_stub.HandleReloadConfigRequest(reload(reloading.config(chosen=more)), timeout=60)
    until(lambda: available(models_stub, "chosen") == versions)


def test_labels_move_and_disappear(reloading, models_stub, stub):
    base = f'base_path: "{reloading.folder / "affine"}" model_version_policy {{ all {{}} }}'
    moved = f'{base} version_labels {{ key: "stable" value: 3 }} version_labels {{ key: "same" value: 3 }}'
    models_stub.HandleReloadConfigRequest(reload(reloading.config(both=moved)), timeout=60)
    for label in ("stable", "same"):
        asked = predict(SEED, "both", "sample", label=label)
        assert stub.Predict(asked, timeout=20).model_spec.version.value == 3
    gone = predict(SEED, "both", "sample", label="canary")
    assert refused(stub.Predict, gone) == ("INVALID_ARGUMENT", "Unrecognized servable version label: canary")
    nowhere = predict(SEED, "nowhere", "sample", label="stable")
    assert refused(stub.Predict, nowhere) == ("INVALID_ARGUMENT", "Unrecognized servable version label: stable")


def test_versions_are_found_swapped_and_missed(reloading, models_stub, stub):
    """The new version is loaded before the old one goes; when all are gone, the model is."""
    base = reloading.folder / "moving"
    shutil.copytree(reloading.folder / "affine" / "1", base / "1")
    (base / "notes").mkdir()
    models_stub.HandleReloadConfigRequest(reload(reloading.config(moving="")), timeout=60)
    assert states(models_stub, "moving") == {1: 30}
    shutil.copytree(reloading.folder / "affine" / "3", base / "beside")
    (base / "beside").rename(base / "+002")
    until(lambda: states(models_stub, "moving") == {2: 30, 1: 50})
    asked = predict(SEED, "moving", "sample")
    assert stub.Predict(asked, timeout=20).model_spec.version.value == 2
    shutil.rmtree(base)
    base.mkdir()
    until(lambda: available(models_stub, "moving") == set())
    assert refused(stub.Predict, asked) == ("NOT_FOUND", "Servable not found for request: Latest(moving)")


def warmup(folder, data):
    """A version of `affine` with a warm-up file: PredictionLogs, or bytes that are none."""
    shutil.copytree(folder / "affine" / "1", folder / "warmed" / "1")
    savedmodels.save_warmup(folder / "warmed" / "1", data)


def log(**fields):
    return prediction_log_pb2.PredictionLog(**fields).SerializeToString()


GOOD = log(predict_log={"request": predict(SEED, "affine", "sample")})
BAD_WARMUPS = {
    "not records": (b"not a TFRecord at all", "DATA_LOSS", "Please verify your warmup data is in TFRecord format."),
    "no log": ([b"\xff\xff"], "INVALID_ARGUMENT", "Failed to parse warmup record: "),
    "another kind": ([log(session_run_log={})], "UNIMPLEMENTED", "Unsupported log_type for warmup: 5"),
    "too many": ([GOOD] * 1001, "INVALID_ARGUMENT", "Number of warmup records exceeds the maximum (1000) at "),
    "refused": (
        [log(predict_log={"request": predict({}, "affine", "nope")})],
        "FAILED_PRECONDITION",
        'Serving signature key "nope" not found.',
    ),
}
"""Warm-up file -> the code and message of the load."""


@pytest.mark.parametrize("case", BAD_WARMUPS)
def test_a_warm_up_that_fails_fails_the_load(case, reloading, models_stub, request):
    data, error, message = BAD_WARMUPS[case]
    warmup(reloading.folder, data)
    request.addfinalizer(lambda: shutil.rmtree(reloading.folder / "warmed"))
    code, text = refused(models_stub.HandleReloadConfigRequest, reload(reloading.config(warmed="")), timeout=60)
    assert code == "UNKNOWN"
    assert text.startswith(
        f"1 model(s) did not become available: {{{{{{name: warmed version: 1}} due to error: {error}: "
    )
    assert message in text


@pytest.mark.parametrize("data", [b"", [GOOD] * 3], ids=["empty", "three"])
def test_a_warm_up_that_succeeds(data, reloading, models_stub, request):
    warmup(reloading.folder, data)
    request.addfinalizer(lambda: shutil.rmtree(reloading.folder / "warmed"))
    models_stub.HandleReloadConfigRequest(reload(reloading.config(warmed="")), timeout=60)
    assert states(models_stub, "warmed") == {1: 30}
