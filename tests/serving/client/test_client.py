"""The client with a real server, and without one."""

import re
import socket
import threading
import time

import numpy as np
import pytest

from serving import Client, DeadlineExceeded, InvalidRequest, NotFound, ServingError, Unavailable
from serving.client import Transport
from serving.handlers.service import Service
from serving.models.store import StoreConfig
from serving.protocol import errors
from serving.protocol.errors import Code, error
from serving.server.config import ServerConfig
from serving.server.embedded import Server


def test_numpy_in_numpy_out(client):
    reply = client.predict("affine", {"x": [[1.0, 2, 3, 4]], "bias": [0.5]})
    np.testing.assert_allclose(reply["y"], [[3.5, 6.5, 9.5, 12.5]])
    assert (reply.model, reply.version, reply.signature) == ("affine", 3, "serving_default")
    assert set(reply) == {"y", "total"}
    assert len(reply) == 2


def test_signature_outputs(client):
    reply = client.predict("affine", {"seed": range(3)}, signature="sample", outputs=["images"])
    assert reply["images"].shape == (3, 2, 2, 1)
    assert reply["images"].dtype == np.float32
    assert reply.signature == "sample"


def test_every_type_there_and_back(client):
    kinds = ["float64", "uint8", "int8", "int16", "int32", "bool", "float16", "uint32", "uint64", "complex64"]
    inputs = {k: np.array([[0, 1], [1, 0]]).astype(k) for k in kinds}
    reply = client.predict("words", inputs, signature="kinds")
    for kind in kinds:
        assert reply[f"{kind}_out"].dtype == kind
        assert np.array_equal(reply[f"{kind}_out"], inputs[kind])


def test_strings(client):
    reply = client.predict("words", {"text": ["ab", "q"]})
    assert reply["upper"].tolist() == [b"AB", b"Q"]


def test_replies_over_four_megabytes(client):
    """gRPC's own limit for clients is 4 MiB."""
    rows = 400_000
    reply = client.predict("affine", {"seed": np.arange(rows)}, signature="sample")
    assert np.array_equal(reply["images"][:, 0, 1, 0], np.arange(rows, dtype=np.float32) * 6)


def test_metadata(client):
    found = client.metadata("affine")
    assert (found.model, found.version) == ("affine", 3)
    assert set(found.signatures) == {"serving_default", "sample", "slow"}
    x = found.signatures["serving_default"].inputs["x"]
    assert (x.dtype, x.shape) == ("float32", (None, 4))


def test_status(client):
    (only,) = client.status("affine")
    assert (only.version, only.state, only.code, only.message) == (3, "AVAILABLE", Code.OK, "")


def test_errors_are_the_tree_and_carry_the_repair(client):
    with pytest.raises(NotFound, match="Check the model's name") as caught:
        client.predict("nope", {"x": [1.0]})
    assert caught.value.message == "Servable not found for request: Latest(nope)"
    assert caught.value.code == Code.NOT_FOUND
    with pytest.raises(InvalidRequest, match=r"Missing but required: \{bias\}"):
        client.predict("affine", {"x": [[1.0]]})
    with pytest.raises(DeadlineExceeded, match=r"no reply within 0\.3 s"):
        client.predict("affine", {"turns": [10**7]}, signature="slow", timeout=0.3)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_no_server():
    with (
        Client(f"127.0.0.1:{free_port()}", retries=1) as client,
        pytest.raises(Unavailable, match="Is a server running at"),
    ):
        client.status("affine")


def test_retries_wait_for_a_server_that_starts_late(models):
    """Retries on UNAVAILABLE bridge a start or a restart."""
    port = free_port()
    started = []

    def later():
        time.sleep(0.3)
        started.append(Server(ServerConfig(StoreConfig(models), port=port)))

    thread = threading.Thread(target=later)
    thread.start()
    try:
        with Client(f"127.0.0.1:{port}", retries=4) as client:
            client.wait_until_available("affine", timeout=30)
            assert client.predict("affine", {"seed": [1]}, signature="sample").version == 3
        with (
            Client(f"127.0.0.1:{free_port()}", retries=0) as client,
            pytest.raises(Unavailable, match="not available within"),
        ):
            client.wait_until_available("affine", timeout=0.3)
    finally:
        thread.join()
        started[0].stop(0)


@pytest.mark.parametrize(("code", "calls"), [(Code.UNAVAILABLE, 3), (Code.INTERNAL, 1), (Code.RESOURCE_EXHAUSTED, 1)])
def test_only_unavailable_is_retried(code, calls, monkeypatch, tmp_path):
    """A real server whose service fails on purpose counts the attempts of one call."""
    seen = []

    def fail(self, data, seconds):
        seen.append(1)
        raise error(code, "on purpose")

    monkeypatch.setattr(Service, "get_model_status", fail)
    server = Server(ServerConfig(StoreConfig(tmp_path, poll_seconds=0), port=0))
    try:
        with Client(server.address, retries=2) as client, pytest.raises(ServingError, match="on purpose") as caught:
            client.status("m")
    finally:
        server.stop(0)
    assert caught.value.code == code
    assert len(seen) == calls


def test_a_transport_of_ones_own():
    class Double(Transport):
        def call(self, method, request, timeout):
            raise error(Code.NOT_FOUND, f"{method} {timeout}")

        def close(self):
            self.closed = True

    double = Double()
    with Client("nowhere", transport=double) as client, pytest.raises(NotFound, match=r"GetModelStatus 10\.0"):
        client.status("m")
    assert double.closed


def test_the_error_tree_is_the_one_that_the_docstring_shows():
    kinds = {kind.__name__ for kind in ServingError.__subclasses__()}
    shown = set(re.findall(r"[├└]── (\w+)", errors.__doc__))
    assert kinds == shown
    for code in Code:
        assert isinstance(error(code, ""), ServingError)
    assert {type(error(code, "")) for code in Code} == set(ServingError.__subclasses__())
