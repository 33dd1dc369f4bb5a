"""Regressions: each case was a failure of the server or the client."""

import shutil
import subprocess
import sys
from concurrent import futures

import grpc
import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf

from serving import Client, InvalidRequest, ServingError, Unavailable
from serving.handlers.service import Service, warm_up
from serving.models.loading import Loader
from serving.models.store import State, Store, StoreConfig
from serving.protocol import protos, wire
from serving.protocol.versions import Source
from serving.server.config import ServerConfig
from serving.server.embedded import Server

PREDICT = "tensorflow.serving.PredictionService"


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    """A version's folder, to be copied: doubles(x) and to_bfloat16(x), both [B]; two(x, z)."""
    module = tf.Module()
    module.scale = tf.Variable(2.0)
    row = tf.TensorSpec((None,), tf.float32, "x")
    double = tf.function(lambda x: {"y": module.scale * x}, input_signature=[row])
    narrow = tf.function(lambda x: {"y": tf.cast(x, tf.bfloat16)}, input_signature=[row])
    two = tf.function(lambda x, z: {"y": x + z}, input_signature=[row, tf.TensorSpec((None,), tf.float32, "z")])
    folder = tmp_path_factory.mktemp("hard") / "1"
    tf.saved_model.save(module, str(folder), signatures={"serving_default": double, "narrow": narrow, "two": two})
    return folder


@pytest.fixture
def models(version, tmp_path):
    shutil.copytree(version, tmp_path / "m" / "1")
    return tmp_path


@pytest.fixture
def store(models):
    made = Store(StoreConfig(root=models, poll_seconds=0), Loader(warm_up=warm_up))
    made.start()
    return made


def request(signature="", **inputs):
    message = protos.PredictRequest()
    message.model_spec.name, message.model_spec.signature_name = "m", signature
    for name, value in inputs.items():
        message.inputs[name].CopyFrom(value if hasattr(value, "tensor_shape") else wire.encode(value))
    return message.SerializeToString()


def test_a_call_without_a_deadline_is_answered(models):
    server = Server(ServerConfig(StoreConfig(models), port=0))
    try:
        with grpc.insecure_channel(server.address) as channel:
            reply = channel.unary_unary(f"/{PREDICT}/Predict")(request(x=np.float32([1, 2])), timeout=None)
        assert list(protos.PredictResponse.FromString(reply).outputs["y"].float_val) == [2, 4]
    finally:
        server.stop(0)


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_unavailable_is_retried_for_messages_of_any_size(size):
    seen = []

    def refuse_once(data, context):
        seen.append(len(data))
        if len(seen) == 1:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        return protos.PredictResponse().SerializeToString()

    handlers = {"Predict": grpc.unary_unary_rpc_method_handler(refuse_once)}
    server = grpc.server(
        futures.ThreadPoolExecutor(1),
        [grpc.method_handlers_generic_handler(PREDICT, handlers)],
        options=[("grpc.max_receive_message_length", -1)],
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        inputs = {"x": np.zeros(size, np.float32)}
        with Client(f"127.0.0.1:{port}") as client:
            assert len(client.predict("m", inputs)) == 0
        assert len(seen) == 2
        seen.clear()
        with Client(f"127.0.0.1:{port}", retries=0) as client, pytest.raises(Unavailable, match="not yet"):
            client.predict("m", inputs)
    finally:
        server.stop(0)


def test_bytes_that_are_not_a_request(store):
    with pytest.raises(ServingError, match="deserializing"):
        Service(store).predict(b"\xff\xff", None)


def test_a_missing_input_is_named_with_those_that_were_sent(store):
    with pytest.raises(InvalidRequest) as raised:
        Service(store).predict(request("two", x=np.ones(1, np.float32), q=np.ones(1, np.float32)), None)
    assert raised.value.message == (
        "Signature input alias: z(feed name: two_z:0) not found in request and no default value provided. "
        "Inputs expected to be in the request {q,x}, or default input alias set: "
    )


@pytest.mark.parametrize("sides", [[1] * 70, [0, 2**62, 2**62], [2**25]], ids=["rank 70", "overflow", "fill"])
@pytest.mark.parametrize("content", [True, False])
def test_impossible_shapes_are_a_parsing_error(sides, content, store):
    tensor = protos.TensorProto(dtype=1)
    if content and 0 not in sides:
        tensor.tensor_content = bytes(4)
    elif 0 not in sides:
        tensor.float_val.append(1)
    for side in sides:
        tensor.tensor_shape.dim.add(size=side)
    with pytest.raises(InvalidRequest, match=r"^tensor parsing error: x$"):
        Service(store).predict(request(x=tensor), None)


@pytest.mark.parametrize("typed", [True, False])
def test_bfloat16_is_served(typed, store):
    reply = protos.PredictResponse.FromString(
        Service(store, typed=typed).predict(request("narrow", x=np.float32([1, 0.1])), None)
    )
    y = wire.decode(reply.outputs["y"])
    np.testing.assert_array_equal(y, np.array([1, 0.1], ml_dtypes.bfloat16))
    assert y.dtype == ml_dtypes.bfloat16


@pytest.mark.parametrize("code", [14, 24, 25, 29, 30])
def test_narrow_types_are_read_as_tensorflow_reads_them(code):
    dtype = tf.as_dtype(code)
    array = np.array([1, 0, 3, 7], dtype.as_numpy_dtype)
    for encoded in (b"".join(wire.encode_typed(array)), b"".join(wire.encode_content(array))):
        np.testing.assert_array_equal(tf.io.parse_tensor(encoded, dtype).numpy(), array)
        np.testing.assert_array_equal(wire.decode(protos.TensorProto.FromString(encoded)), array)


@pytest.mark.parametrize("strings", [[b"ab\0", b""], [b"x" * 300, b"\0\0"]])
def test_strings_keep_every_byte(strings):
    assert list(wire.encode(strings).string_val) == strings
    content = b"".join(wire.encode_content(wire.as_array(strings)))
    assert not protos.TensorProto.FromString(content).string_val
    assert wire.decode(protos.TensorProto.FromString(content)).tolist() == strings
    assert tf.io.parse_tensor(content, tf.string).numpy().tolist() == strings


def test_truncated_strings_are_an_error():
    tensor = protos.TensorProto.FromString(b"".join(wire.encode_content(wire.as_array([b"ab", b"cde"]))))
    tensor.tensor_content = tensor.tensor_content[:-1]
    with pytest.raises(ServingError, match=r"shape \[2\]"):
        wire.decode(tensor)


def test_objects_and_byte_orders():
    with pytest.raises(InvalidRequest, match="None"):
        wire.encode([None, 3])
    big = np.array([1, 2], ">f4")
    np.testing.assert_array_equal(wire.decode(wire.encode(big)), [1, 2])


def test_what_the_client_returns_can_be_written_to():
    array = wire.decode(wire.encode(np.zeros(2, np.float32)))
    array += 1
    assert array.tolist() == [1, 1]


def test_a_restart_beside_a_half_copied_version_serves_the_whole_one(version, models):
    shutil.copytree(version, models / "m" / "2")
    (models / "m" / "2" / "saved_model.pb").unlink()
    store = Store(StoreConfig(root=models, poll_seconds=0), Loader(warm_up=warm_up))
    store.start()
    assert store.available() == {"m": [1]}
    shutil.copy(version / "saved_model.pb", models / "m" / "2")
    store.poll()
    assert store.available() == {"m": [2]}


def test_a_failed_load_is_retried_once_the_files_have_changed(version, models, store):
    shutil.copytree(version, models / "m" / "2", ignore=lambda *_: ["variables"])
    store.poll()
    assert store.available() == {"m": [1]}
    assert store.statuses("m")[0].message
    shutil.copytree(version / "variables", models / "m" / "2" / "variables")
    store.poll()
    assert store.available() == {"m": [2]}


@pytest.mark.parametrize("by_name", [True, False])
def test_a_folder_that_cannot_be_read_for_a_while_unloads_nothing(by_name, models, tmp_path_factory):
    away = tmp_path_factory.mktemp("away")
    config = {"models": {"m": Source(models / "m")}} if by_name else {"root": models}
    store = Store(StoreConfig(poll_seconds=0, **config), Loader(warm_up=warm_up))
    store.start()
    models.rename(away / "x")
    store.poll()
    assert store.available() == {"m": [1]}


def test_an_error_of_one_model_does_not_stop_another(version, models):
    shutil.copytree(version, models / "a" / "1")

    def counted(name, path):
        if name == "a":
            raise KeyError("something unforeseen")
        return Loader(warm_up=warm_up)(name, path)

    store = Store(StoreConfig(root=models, poll_seconds=0), counted)
    store.start()
    assert store.available() == {"m": [1]}
    assert store.statuses("a")[0].state != State.AVAILABLE
    assert "unforeseen" in store.statuses("a")[0].message


TOGETHER = """
import importlib, sys, threading
sys.setswitchinterval(1e-6)
start, failed = threading.Barrier(8), []
def make():
    start.wait()
    try:
        protos.PredictRequest(model_spec=protos.ModelSpec(name="m"))
    except TypeError as failure:
        failed.append(failure)
for _ in range(20):
    sys.modules.pop("serving.protocol.protos", None)
    protos = importlib.import_module("serving.protocol.protos")
    threads = [threading.Thread(target=make) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
sys.exit(str(failed[0]) if failed else 0)
"""


def test_threads_that_use_a_message_first_get_the_same_class():
    done = subprocess.run([sys.executable, "-c", TOGETHER], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
