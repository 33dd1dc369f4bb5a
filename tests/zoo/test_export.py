"""Export: whole or not at all, loaded the way TF Serving loads, equal to the model."""

import json
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving import Client
from serving.server import Server, ServerConfig
from zoo import export, registry, run
from zoo.config import RunConfig
from zoo.errors import UserError

SMALL = {"vae": {"hidden": (16,), "latent": 2}, "dcgan": {"width": 8}, "undercomplete": {"hidden": (16,)}}
EVERY = pytest.mark.parametrize("name", list(registry.recipes()))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One short run of each model, with a moving average."""
    folder = tmp_path_factory.mktemp("runs")
    for name, recipe in registry.recipes().items():
        training = recipe.config(epochs=1, batch_size=128, ema=0.9, jit="off")
        run.train(RunConfig(name, "digits", parameters=SMALL.get(name, {}), training=training), folder / name)
    return folder


@EVERY
def test_the_saved_model_computes_what_the_run_does(name, runs, tmp_path):
    """Through `tf.saved_model.load` here; `export` itself has compared by way of a TF1 Session."""
    version = export.export(runs / name, tmp_path)
    assert version == tmp_path / name / "1"
    loaded = tf.saved_model.load(str(version))
    model, _ = run.restore(runs / name)
    signatures = model.signatures()
    assert set(loaded.signatures) - {"serving_default"} == set(signatures)
    for key, signature in signatures.items():
        inputs = export.example_inputs(signature, 5)
        expected = signature.function(*map(tf.constant, inputs.values()))
        served = loaded.signatures[key](**{k: tf.constant(v) for k, v in inputs.items()})
        assert set(served) == set(expected)
        for output, value in expected.items():
            np.testing.assert_allclose(served[output], value, rtol=1e-5, atol=1e-5)


@EVERY
def test_the_first_signature_is_the_default(name, runs, tmp_path):
    """Fact 12."""
    loaded = tf.saved_model.load(str(export.export(runs / name, tmp_path)))
    model, _ = run.restore(runs / name)
    key, signature = next(iter(model.signatures().items()))
    inputs = {k: tf.constant(v) for k, v in export.example_inputs(signature, 2).items()}
    default, first = loaded.signatures["serving_default"](**inputs), loaded.signatures[key](**inputs)
    assert all(np.array_equal(default[k], first[k]) for k in first)


@EVERY
def test_every_tensor_has_the_batch_in_front(name, runs, tmp_path):
    version = export.export(runs / name, tmp_path)
    graph = _meta_graph(version)
    for key, definition in graph.signature_def.items():
        if not key.startswith("__"):
            for alias, tensor in [*definition.inputs.items(), *definition.outputs.items()]:
                assert tensor.tensor_shape.dim[0].size == -1, (key, alias)


def _meta_graph(version):
    from tensorflow.core.protobuf import saved_model_pb2

    return saved_model_pb2.SavedModel.FromString((version / "saved_model.pb").read_bytes()).meta_graphs[0]


@EVERY
def test_warmup_has_a_request_for_each_signature(name, runs, tmp_path):
    version = export.export(runs / name, tmp_path)
    path = version / "assets.extra" / "tf_serving_warmup_requests"
    records = [
        prediction_log_pb2.PredictionLog.FromString(r) for r in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    ]
    definitions = _meta_graph(version).signature_def
    seen = set()
    for record in records:
        request = record.predict_log.request
        assert request.model_spec.name == name
        assert set(request.inputs) == set(definitions[request.model_spec.signature_name].inputs)
        seen.add(request.model_spec.signature_name)
    assert seen == {key for key in definitions if key != "serving_default" and not key.startswith("__")}


def test_the_card_tells_all(runs, tmp_path):
    version = export.export(runs / "vae", tmp_path, "face-maker")
    card = json.loads((version / "assets.extra" / "model_card.json").read_text())
    assert version.parent.name == card["name"] == "face-maker"
    assert card["data"] == {"name": "digits", "shape": [8, 8, 1], "classes": 10}
    assert card["configuration"]["parameters"] == {"hidden": [16], "latent": 2}
    assert card["versions"]["tensorflow"] == tf.__version__
    assert card["last_epoch"]["epoch"] == 1
    assert card["last_epoch"]["vae/kl"] > 0
    assert card["signatures"]["encode"]["outputs"]["mean"] == {"dtype": "float32", "shape": [None, 2]}


def test_versions_count_up_and_other_names_are_passed_over(runs, tmp_path):
    home = tmp_path / "vae"
    (home / "7").mkdir(parents=True)
    (home / "old").mkdir()
    assert export.export(runs / "vae", tmp_path).name == "8"
    assert export.export(runs / "vae", tmp_path).name == "9"
    assert sorted(os.listdir(home)) == ["7", "8", "9", "old"]


def test_a_failure_leaves_nothing(runs, tmp_path, monkeypatch):
    def broken(model, folder):
        (folder / "saved_model.pb").write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(export, "_write", broken)
    with pytest.raises(OSError, match="No space left"):
        export.export(runs / "vae", tmp_path)
    assert os.listdir(tmp_path / "vae") == []


def test_a_saved_model_that_differs_is_refused(runs, tmp_path, monkeypatch):
    """The comparison can fail: the weights change between writing and comparing."""
    write = export._write

    def spoilt(model, folder):
        write(model, folder)
        for network in model.networks:
            for variable in network.trainable_variables:
                variable.assign_add(0.01 * np.ones(variable.shape))

    monkeypatch.setattr(export, "_write", spoilt)
    with pytest.raises(export.ExportError, match=r"of the SavedModel is .* away from the model's"):
        export.export(runs / "vae", tmp_path)
    assert os.listdir(tmp_path / "vae") == []


def test_mistakes(runs, tmp_path):
    with pytest.raises(UserError, match="is not a run"):
        export.export(tmp_path, tmp_path / "models")
    with pytest.raises(UserError, match="letters, digits"):
        export.export(runs / "vae", tmp_path / "models", "../up")
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    shutil.copy(runs / "vae" / "config.json", unfinished)
    with pytest.raises(UserError, match="has no checkpoint yet"):
        export.export(unfinished, tmp_path / "models")
    assert not (tmp_path / "models").exists()


@pytest.fixture(scope="module")
def served(runs, tmp_path_factory):
    """Every model, exported and offered by one server."""
    models = tmp_path_factory.mktemp("models")
    for name in registry.recipes():
        export.export(runs / name, models)
    server = Server(ServerConfig(models=models, port=0))
    with Client(server.address, timeout=60) as client:
        yield client
    server.stop(0)


@EVERY
def test_served_and_called_through_every_signature(name, runs, served):
    """Over gRPC, in batches of other sizes than the warm-up's, equal to the model in process."""
    model, _ = run.restore(runs / name)
    offered = served.metadata(name).signatures
    assert set(offered) - {"serving_default"} == set(model.signatures())
    for key, signature in model.signatures().items():
        assert {k: (s.dtype, s.shape) for k, s in offered[key].inputs.items()} == {
            k: (s.dtype.name, tuple(s.shape)) for k, s in signature.inputs.items()
        }
        for rows in (1, 7):
            inputs = export.example_inputs(signature, rows)
            reply = served.predict(name, inputs, signature=key)
            for output, value in signature.function(*map(tf.constant, inputs.values())).items():
                np.testing.assert_allclose(reply[output], value, rtol=1e-5, atol=1e-5)
                assert len(reply[output]) == rows


@EVERY
def test_a_sample_has_the_same_address_on_the_wire(name, runs, served):
    if "sample" not in served.metadata(name).signatures:
        pytest.skip(f"{name} does not sample")
    together = served.predict(name, {"seed": np.arange(100)}, signature="sample")["images"]
    alone = served.predict(name, {"seed": [42]}, signature="sample")["images"]
    np.testing.assert_allclose(alone[0], together[42], atol=1e-5)
    assert np.abs(together[42] - together[43]).max() > 1e-3
