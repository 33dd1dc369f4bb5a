"""Export: whole or not at all, loaded the way TF Serving loads, equal to the model."""

import functools
import json
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf
from smaller import smaller
from tensorflow_serving.apis import prediction_log_pb2

from serving import Client
from serving.models.store import StoreConfig
from serving.server.config import ServerConfig
from serving.server.embedded import Server
from zoo import data
from zoo.core import features, registry
from zoo.core.columns import Column
from zoo.core.config import RunConfig
from zoo.core.errors import UserError
from zoo.core.features import Spec
from zoo.data.dataset import Data
from zoo.data.splits import Arrays
from zoo.export import savedmodel as export
from zoo.training import run

EVERY = pytest.mark.parametrize("name", list(registry.recipes()))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(scope="module")
def trained(home, small_data):
    """A model's name -> one short run of it, with a moving average."""

    @functools.cache
    def train(name):
        recipe = registry.get(name)
        training = recipe.config(epochs=1, batch_size=128, ema=0.9, jit="off")
        data, size = small_data(recipe.data)
        run.train(RunConfig(name, data, size, parameters=smaller(recipe), training=training), home / "runs" / name)
        return home / "runs" / name

    return train


@pytest.fixture(scope="module")
def exported(home, trained):
    """A model's name -> its first version."""
    return functools.cache(lambda name: export.export(trained(name), home / "models"))


@pytest.fixture(scope="module")
def restored(trained):
    """A model's name -> the model of its run."""
    return functools.cache(lambda name: run.restore(trained(name))[0])


@pytest.fixture(scope="module")
def loaded(exported):
    """A model's name -> its first version, as TensorFlow loads it."""
    return functools.cache(lambda name: tf.saved_model.load(str(exported(name))))


@EVERY
def test_the_saved_model_computes_what_the_run_does(name, restored, exported, loaded, home):
    """Through `tf.saved_model.load` here; `export` itself has compared by way of a TF1 Session."""
    assert exported(name) == home / "models" / name / "1"
    signatures, saved = restored(name).signatures(), loaded(name).signatures
    assert set(saved) - {"serving_default"} == set(signatures)
    for key, signature in signatures.items():
        inputs = export.example_inputs(signature, 5)
        tensors = {k: tf.constant(v) for k, v in inputs.items()}
        expected, served = signature.serve(tensors), saved[key](**tensors)
        assert set(served) == set(expected) == set(signature.wire_outputs)
        for output, value in expected.items():
            np.testing.assert_allclose(served[output], value, rtol=1e-5, atol=1e-5)


@EVERY
def test_the_first_signature_is_the_default(name, restored, loaded):
    """Fact 12."""
    saved = loaded(name).signatures
    key, signature = next(iter(restored(name).signatures().items()))
    inputs = {k: tf.constant(v) for k, v in export.example_inputs(signature, 2).items()}
    default, first = saved["serving_default"](**inputs), saved[key](**inputs)
    assert all(np.array_equal(default[k], first[k]) for k in first)


@EVERY
def test_every_tensor_has_the_batch_in_front(name, exported):
    version = exported(name)
    graph = _meta_graph(version)
    for key, definition in graph.signature_def.items():
        if not key.startswith("__"):
            for alias, tensor in [*definition.inputs.items(), *definition.outputs.items()]:
                assert tensor.tensor_shape.dim[0].size == -1, (key, alias)


def _meta_graph(version):
    from tensorflow.core.protobuf import saved_model_pb2

    return saved_model_pb2.SavedModel.FromString((version / "saved_model.pb").read_bytes()).meta_graphs[0]


@EVERY
def test_warmup_has_a_request_for_each_signature(name, exported):
    version = exported(name)
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


def test_the_card_tells_all(trained, tmp_path):
    version = export.export(trained("vae"), tmp_path, "face-maker")
    card = json.loads((version / "assets.extra" / "model_card.json").read_text())
    assert version.parent.name == card["name"] == "face-maker"
    assert card["data"]["name"] == "digits"
    assert Spec.from_json(card["data"]) == data.load("digits").spec
    assert card["configuration"]["parameters"] == {"hidden": [16]}
    assert card["versions"]["tensorflow"] == tf.__version__
    assert card["last_epoch"]["epoch"] == 1
    assert card["last_epoch"]["vae/kl"] > 0
    encode = card["signatures"]["encode"]
    assert encode["outputs"]["mean"] == {"dtype": "float32", "shape": [None, 16], "is": "vector 16"}
    assert encode["inputs"]["images"]["is"] == "image 8x8x1, float32 in [0, 1]"


def test_versions_count_up_and_other_names_are_passed_over(trained, tmp_path):
    home = tmp_path / "vae"
    (home / "7").mkdir(parents=True)
    (home / "old").mkdir()
    assert export.export(trained("vae"), tmp_path).name == "8"
    assert export.export(trained("vae"), tmp_path).name == "9"
    assert sorted(os.listdir(home)) == ["7", "8", "9", "old"]


def test_a_failure_leaves_nothing(trained, tmp_path, monkeypatch):
    def broken(model, folder):
        (folder / "saved_model.pb").write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(export, "_write", broken)
    with pytest.raises(OSError, match="No space left"):
        export.export(trained("vae"), tmp_path)
    assert os.listdir(tmp_path / "vae") == []


def test_a_saved_model_that_differs_is_refused(trained, tmp_path, monkeypatch):
    """The comparison can fail: the weights change between writing and comparing."""
    write = export._write

    def spoilt(model, folder):
        write(model, folder)
        for network in model.networks:
            for variable in network.trainable_variables:
                variable.assign_add(0.01 * np.ones(variable.shape))

    monkeypatch.setattr(export, "_write", spoilt)
    with pytest.raises(export.ExportError, match=r"of the SavedModel is .* away from the model's"):
        export.export(trained("vae"), tmp_path)
    assert os.listdir(tmp_path / "vae") == []


def test_mistakes(trained, tmp_path):
    with pytest.raises(UserError, match="is not a run"):
        export.export(tmp_path, tmp_path / "models")
    with pytest.raises(UserError, match="letters, digits"):
        export.export(trained("vae"), tmp_path / "models", "../up")
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    shutil.copy(trained("vae") / "config.json", unfinished)
    with pytest.raises(UserError, match="has no checkpoint yet"):
        export.export(unfinished, tmp_path / "models")
    assert not (tmp_path / "models").exists()


@pytest.fixture(scope="module")
def served(home, exported):
    """A model's name -> a client of the one server, which has found it."""
    (home / "models").mkdir(exist_ok=True)
    server = Server(ServerConfig(StoreConfig(home / "models", poll_seconds=0.2), port=0))
    with Client(server.address, timeout=60) as client:

        def offered(name):
            exported(name)
            client.wait_until_available(name)
            return client

        yield offered
    server.stop(0)


@EVERY
def test_served_and_called_through_every_signature(name, restored, served):
    """Over gRPC, in batches of other sizes than the warm-up's, equal to the model in process."""
    model, client = restored(name), served(name)
    offered = client.metadata(name).signatures
    assert set(offered) - {"serving_default"} == set(model.signatures())
    for key, signature in model.signatures().items():
        assert {k: (s.dtype, s.shape) for k, s in offered[key].inputs.items()} == {
            k: (s.dtype.name, tuple(s.shape)) for k, s in signature.wire_inputs.items()
        }
        for rows in (1, 7):
            inputs = export.example_inputs(signature, rows)
            reply = client.predict(name, inputs, signature=key)
            for output, value in signature.serve({k: tf.constant(v) for k, v in inputs.items()}).items():
                np.testing.assert_allclose(reply[output], value, rtol=1e-5, atol=1e-5)
                assert len(reply[output]) == rows


@EVERY
def test_a_sample_has_the_same_address_on_the_wire(name, served):
    client = served(name)
    if "sample" not in client.metadata(name).signatures:
        pytest.skip(f"{name} does not sample")
    inputs = client.metadata(name).signatures["sample"].inputs
    together, alone = (
        client.predict(
            name, {key: {"seed": seeds, "label": np.ones_like(seeds)}[key] for key in inputs}, signature="sample"
        )
        for seeds in (np.arange(100), np.array([42]))
    )
    together, alone = (reply["videos" if "videos" in reply else "images"] for reply in (together, alone))
    np.testing.assert_allclose(alone[0], together[42], atol=1e-5)
    assert np.abs(together[42] - together[43]).max() > 1e-3


def test_a_model_of_a_table_takes_and_gives_its_columns_in_their_own_units(home, served):
    """Numbers, categories, dates and flags, over gRPC."""
    table = features.table(
        [
            Column("age", low=18, high=90, whole=True),
            Column("height (m)", low=1.4, high=2.1),
            Column("town", "category", categories=("Aachen", "Bonn", "Köln")),
            Column("since", "date", low=10_000, high=20_000),
            Column("member?", "flag"),
        ]
    )
    x = np.random.default_rng(0).uniform(-1, 1, (64, table.size)).astype(np.float32)
    rows = Data("people", Spec.of(table), Arrays({"table": x}), Arrays({"table": x[:8]}))
    training = registry.get("vae").config(epochs=1, batch_size=32, jit="off")
    config = RunConfig("vae", "people", parameters={"hidden": (8,), "latent": 2}, training=training)
    run.train(config, home / "runs" / "people", data=rows)
    export.export(home / "runs" / "people", home / "models", "people")
    client = served("vae")
    client.wait_until_available("people")
    people = {
        "age": np.array([20, 66]),
        "height_m": np.array([1.5, 2.0], np.float32),
        "town": np.array(["Bonn", "Köln"], object),
        "since": np.array(["1999-12-31", "2020-02-29"], object),
        "member": np.array([True, False]),
    }
    again = client.predict("people", people, signature="reconstruct")
    drawn = client.predict("people", {"seed": np.arange(5)}, signature="sample")
    for reply, count in ((again, 2), (drawn, 5)):
        assert {len(reply[name]) for name in people} == {count}
        assert reply["age"].dtype == np.int64
        assert np.all((reply["age"] >= 18) & (reply["age"] <= 90))
        assert set(reply["town"].tolist()) <= {b"Aachen", "Köln".encode(), b"Bonn"}
        assert all("1997" <= d.decode()[:4] <= "2024" for d in reply["since"].tolist())
        assert reply["member"].dtype == bool
