"""For any bytes the result is a reply or an error of the API, and the server continues."""

import os
import socket

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving import Client
from serving.handlers.service import Service, warm_up
from serving.models.loading import Loader
from serving.models.store import State, Store, StoreConfig
from serving.protocol import protos, wire
from serving.protocol.errors import Code, ServingError, error
from serving.server.config import ServerConfig
from serving.server.embedded import Server

PREDICTION, MODEL = "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"
CALLS = [
    (PREDICTION, "Predict"),
    (PREDICTION, "Classify"),
    (PREDICTION, "Regress"),
    (PREDICTION, "MultiInference"),
    (PREDICTION, "GetModelMetadata"),
    (MODEL, "GetModelStatus"),
]


@pytest.fixture(scope="module")
def service(models):
    store = Store(StoreConfig(root=models, poll_seconds=0), Loader(warm_up=warm_up))
    store.start()
    yield Service(store)
    store.stop()


def answered(service, call, data):
    """A reply's bytes, or the code of an error; anything else raises."""
    try:
        found = service.methods[call[0]][call[1]](data, 20.0)
    except ServingError as failure:
        found = failure.code
    assert found != Code.OK
    return found


def valid():
    """A valid PredictRequest, to be mutated."""
    request = protos.PredictRequest()
    request.model_spec.name = "affine"
    request.inputs["x"].CopyFrom(wire.encode(np.ones((2, 4), np.float32)))
    request.inputs["bias"].CopyFrom(wire.encode(np.ones(2, np.float32)))
    return request.SerializeToString()


tensors = st.builds(
    lambda dtype, shape, unknown, content, floats, ints: protos.TensorProto(
        dtype=dtype,
        tensor_shape={"unknown_rank": unknown, "dim": [{"size": side} for side in shape]},
        tensor_content=content,
        float_val=floats,
        int_val=ints,
    ),
    st.integers(0, 32),
    st.lists(st.one_of(st.integers(0, 5), st.integers(-(2**63), 2**63 - 1)), max_size=6),
    st.booleans(),
    st.binary(max_size=40),
    st.lists(st.floats(width=32), max_size=9),
    st.lists(st.integers(-(2**31), 2**31 - 1), max_size=9),
)


def check_bytes(service, data):
    for call in CALLS:
        answered(service, call, data)


def check_spoilt(service, data):
    spoilt, good = bytearray(valid()), len(valid())
    for place, value in data:
        spoilt[place % good] = value
    answered(service, CALLS[0], bytes(spoilt[: good - len(data) % 3]))


def check_tensor(service, tensor):
    request = protos.PredictRequest.FromString(valid())
    request.inputs["x"].CopyFrom(tensor)
    answered(service, CALLS[0], request.SerializeToString())


FUZZ = [
    (check_bytes, st.binary(max_size=200)),
    (check_spoilt, st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8)),
    (check_tensor, tensors),
]


@pytest.mark.parametrize("examples", [150, pytest.param(7000, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("check", "kinds"), FUZZ)
def test_no_bytes_break_the_service(service, check, kinds, examples):
    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(kinds)
    def fuzz(data):
        check(service, data)

    fuzz()
    assert protos.PredictResponse.FromString(answered(service, CALLS[0], valid())).outputs["y"].float_val[0] == 4


def test_the_server_survives_clients_that_vanish_and_noise(models):
    server = Server(ServerConfig(StoreConfig(models), port=0))
    noise = np.random.default_rng(0)
    for number in range(30):
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" * (number % 2) + noise.bytes(200))
    for _ in range(5):
        client = Client(server.address, retries=0, timeout=0.02)
        with pytest.raises(ServingError):
            client.predict("affine", {"turns": [200]}, signature="slow")
        client.close()
    with Client(server.address) as client:
        assert client.predict("affine", {"seed": [1]}, signature="sample").version == 3
    server.stop(0)


def test_a_full_disk_at_load_keeps_the_old_version_and_is_retried(tmp_path):
    full = [True]

    def load(name, path):
        if path.name == "2" and full[0]:
            raise error(Code.RESOURCE_EXHAUSTED, os.strerror(28))
        return path.name

    def version(number):
        (tmp_path / "m" / number).mkdir(parents=True)
        (tmp_path / "m" / number / "saved_model.pb").write_bytes(b"")

    store = Store(StoreConfig(root=tmp_path, poll_seconds=0, retry_seconds=0), load)
    version("1")
    store.poll()
    version("2")
    store.poll()
    assert store.available() == {"m": [1]}
    newest = store.statuses("m")[0]
    assert (newest.state, newest.code, newest.message) == (
        State.LOADING,
        Code.RESOURCE_EXHAUSTED,
        "No space left on device",
    )
    full[0] = False
    store.poll()
    assert store.available() == {"m": [2]}
