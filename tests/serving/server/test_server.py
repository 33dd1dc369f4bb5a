"""The server as a process: its first line, signals, errors."""

import signal
import socket
import threading
import time

import pytest

from serving import Client, Unavailable
from serving.server.embedded import main


def test_sigterm_drains(launch, models):
    """A running request finishes, the next one finds no server, and the exit code is 0."""
    running = launch("--models", models)
    process = running.process
    assert running.line == f"Serving affine (version 3), words (version 1) on {running.address}\n"
    with Client(running.address, retries=0, timeout=60) as client:
        client.predict("affine", {"turns": [1]}, signature="slow")
        results = []
        asker = threading.Thread(
            target=lambda: results.append(client.predict("affine", {"turns": [1500]}, signature="slow"))
        )
        asker.start()
        time.sleep(0.3)
        assert results == [], "the request has to be under way"
        process.send_signal(signal.SIGTERM)
        asker.join()
        assert results[0]["done"].shape == (1,)
        assert process.wait(30) == 0
        with pytest.raises(Unavailable):
            client.status("affine")


def test_a_second_signal_ends_at_once(launch, models):
    running = launch("--models", models)
    process = running.process
    with Client(running.address, retries=0, timeout=60) as client:
        asker = threading.Thread(target=lambda: _ignore(client))
        asker.start()
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert process.poll() is None, "it should be draining"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 128 + signal.SIGTERM
        asker.join()


def _ignore(client):
    with pytest.raises(Unavailable):
        client.predict("affine", {"turns": [10**7]}, signature="slow")


def test_replies_as_content_on_request(launch, models):
    from serving.client import PREDICT, GrpcTransport
    from serving.protocol import protos, wire

    running = launch("--models", models, "--enable_serialization_as_tensor_content")
    request = protos.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "affine", "sample"
    request.inputs["seed"].CopyFrom(wire.encode([1]))
    transport = GrpcTransport(running.address)
    reply = protos.PredictResponse.FromString(transport.call(PREDICT, request.SerializeToString(), 20))
    transport.close()
    assert len(reply.outputs["images"].tensor_content) == 16
    assert not reply.outputs["images"].float_val


def test_mistakes(tmp_path, capsys):
    assert main(["--models", str(tmp_path / "missing")]) == 2
    assert "There is no folder" in capsys.readouterr().err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--models", str(tmp_path), "--port", str(port)]) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err
