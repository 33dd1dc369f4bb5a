"""Channels, TLS, metadata, retries and statistics, over gRPC to a server that records calls."""

import random
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
import trustme

from serving import Client, Overloaded, Statistics, TensorSpec, Tls, Unavailable
from serving.client import Call
from serving.client.attempts import Attempts, Policy
from serving.protocol.errors import Code, error
from serving.testing import FakeServer, Function
from zoo import cli

FUNCTION = Function(
    lambda seed: {"y": seed}, {"seed": TensorSpec("int64", (None,))}, {"y": TensorSpec("int64", (None,))}
)


class Watching(grpc.GenericRpcHandler):
    """A fake server behind real gRPC; records peers and metadata, and fails on purpose."""

    def __init__(self):
        self.double = FakeServer({"m": {"f": FUNCTION}})
        self.peers, self.metadata, self.failures = set(), [], []

    def service(self, details):
        def answer(request, context):
            self.peers.add(context.peer())
            self.metadata.append(dict(details.invocation_metadata))
            if self.failures:
                context.abort(self.failures.pop(0), "on purpose")
            return self.double.call(details.method[1:], request, 10)

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest.fixture
def watching():
    return Watching()


@pytest.fixture
def start(watching):
    """Starts the recording server; returns its port."""
    servers = []

    def started(credentials=None):
        server = grpc.server(ThreadPoolExecutor(8), handlers=[watching])
        where = "127.0.0.1:0"
        port = server.add_secure_port(where, credentials) if credentials else server.add_insecure_port(where)
        server.start()
        servers.append(server)
        return f"127.0.0.1:{port}"

    yield started
    for server in servers:
        server.stop(0).wait()


def ask(client, count=1):
    return client.predict("m", {"seed": np.arange(count)}, signature="f")["y"]


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_are_connections_of_their_own(watching, start, channels):
    with Client(start(), channels=channels) as client:
        for _ in range(2 * channels):
            ask(client)
    assert len(watching.peers) == channels


def test_metadata_comes_with_every_call(watching, start):
    with Client(start(), metadata={"Authorization": "Bearer me"}) as client:
        ask(client)
        client.status("m")
    assert [m["authorization"] for m in watching.metadata] == ["Bearer me"] * 2


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """ca.pem, and for `server` and `client` .pem and .key."""
    folder, authority = tmp_path_factory.mktemp("certificates"), trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    for name in ("server", "client"):
        issued = authority.issue_cert("127.0.0.1")
        issued.private_key_pem.write_to_path(folder / f"{name}.key")
        issued.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
    trustme.CA().cert_pem.write_to_path(folder / "other.pem")
    return folder


def server_side(folder, mutual):
    pair = (folder / "server.key").read_bytes(), (folder / "server.pem").read_bytes()
    return grpc.ssl_server_credentials([pair], (folder / "ca.pem").read_bytes() if mutual else None, mutual)


@pytest.mark.parametrize(
    ("mutual", "tls", "answered"),
    [
        (False, {"ca": "ca.pem"}, True),
        (False, {"ca": "other.pem"}, False),
        (False, None, False),
        (True, {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}, True),
        (True, {"ca": "ca.pem"}, False),
    ],
)
def test_tls(start, certificates, mutual, tls, answered):
    address = start(server_side(certificates, mutual))
    files = tls and Tls(**{name: certificates / file for name, file in tls.items()})
    with Client(address, tls=files, retries=0, timeout=5) as client:
        if answered:
            assert ask(client, 3).tolist() == [0, 1, 2]
        else:
            with pytest.raises(Unavailable):
                ask(client)


def test_the_command_line_has_it_too(watching, start, certificates, capsys):
    files = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}
    flags = [f"--{name}={certificates / file}" for name, file in files.items()]
    address = start(server_side(certificates, mutual=True))
    assert cli.main(["status", "m", "--server", address, *flags, "--metadata", "authorization=me"]) == 0
    assert capsys.readouterr().out == "version 1 is AVAILABLE\n"
    assert watching.metadata[0]["authorization"] == "me"


BUSY, GONE = grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE


def test_the_user_chooses_which_codes_are_retried(watching, start):
    address, seen = start(), []
    watching.failures = [BUSY, GONE, BUSY]
    with Client(
        address, retries=5, retry_on=(Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED), observe=seen.append
    ) as client:
        assert ask(client, 2).tolist() == [0, 1]
    watching.failures = [BUSY]
    with Client(address, observe=seen.append) as client, pytest.raises(Overloaded):
        ask(client)
    assert [(s.retries, s.code) for s in seen] == [(3, Code.OK), (0, Code.RESOURCE_EXHAUSTED)]
    assert all(s.method.endswith("/Predict") for s in seen)


def test_statistics_add_up(watching, start):
    seen, total = [], Statistics()

    def both(call):
        seen.append(call)
        total(call)

    with Client(start(), retries=1, observe=both) as client:
        watching.failures = [GONE]
        ask(client, 1000)
        ask(client)
        watching.failures = [GONE, GONE]
        with pytest.raises(Unavailable):
            ask(client)
    assert (total.calls, total.failures, total.retries) == (3, 1, 2)
    assert (total.sent, total.received) == (sum(s.sent for s in seen), sum(s.received for s in seen))
    # 1000 int64: 8 bytes each on the way there, varints of 1 or 2 bytes on the way back.
    assert 8000 < seen[0].sent < 8200
    assert 1900 < seen[0].received < 2100
    assert seen[2].received == 0
    assert total.seconds(0) == min(s.seconds for s in seen)
    assert total.seconds(100) == max(s.seconds for s in seen)
    assert str(total).startswith("3 calls, 1 failed, 2 retries; 0.0 MB sent")
    assert np.isnan(Statistics().seconds(50))


def attempts(timeout, retries):
    policy = Policy(timeout, retries, (Code.UNAVAILABLE,), None)
    return Attempts(Call("m", b"", bytes), policy)


def test_pauses_double_up_to_two_seconds_and_differ(monkeypatch):
    failure = error(Code.UNAVAILABLE, "")
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    one = attempts(1000.0, 100)
    assert [one.failed(failure) for _ in range(6)] == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    monkeypatch.undo()
    drawn = {attempts(1000.0, 1).failed(failure) for _ in range(20)}
    assert len(drawn) > 10
    assert all(0.1 <= pause <= 0.2 for pause in drawn)


def test_no_pause_outlasts_the_deadline():
    failure = error(Code.UNAVAILABLE, "the first")
    with pytest.raises(Unavailable, match="the first"):
        attempts(0.05, 100).failed(failure)
    one = attempts(30.0, 1)
    assert one.left == 30.0
    one.failed(failure)
    assert one.left < 30.0
    with pytest.raises(Unavailable):
        one.failed(failure)
