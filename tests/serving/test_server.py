"""The server as a process: its line, its signals, its mistakes; and the real one's command line."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving import Client, Unavailable
from serving.server import main


def start(models, *flags):
    command = [sys.executable, "-m", "serving.server", "--models", str(models), "--port", "0", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    found = re.fullmatch(r"Serving (.*) on (127\.0\.0\.1:\d+)\n", line)
    assert found, line + process.stderr.read()
    return process, found[1], found[2]


@pytest.fixture
def running(models):
    process, offered, address = start(models)
    yield process, offered, address
    process.kill()
    process.wait()
    process.stdout.close()
    process.stderr.close()


def test_sigterm_drains(running):
    """A request under way ends well, the next finds nobody, and the exit code is 0."""
    process, offered, address = running
    assert offered == "affine (version 3), words (version 1)"
    with Client(address, retries=0, timeout=60) as client:
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


def test_a_second_signal_ends_at_once(running):
    process, _, address = running
    with Client(address, retries=0, timeout=60) as client:
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


def test_replies_as_content_on_request(models):
    from serving import protos, wire
    from serving.client import PREDICT, GrpcTransport

    process, _, address = start(models, "--enable_serialization_as_tensor_content")
    try:
        request = protos.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = "affine", "sample"
        request.inputs["seed"].CopyFrom(wire.encode([1]))
        transport = GrpcTransport(address)
        reply = protos.PredictResponse.FromString(transport.call(PREDICT, request.SerializeToString(), 20))
        transport.close()
        assert len(reply.outputs["images"].tensor_content) == 16
        assert not reply.outputs["images"].float_val
    finally:
        process.terminate()
        process.communicate()


def test_mistakes(tmp_path, capsys):
    assert main(["--models", str(tmp_path / "missing")]) == 2
    assert "There is no folder" in capsys.readouterr().err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--models", str(tmp_path), "--port", str(port)]) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err


FAKE = """#!{python}
import signal, sys, time
flags = dict(a[2:].split("=", 1) for a in sys.argv[1:])
print("port", flags["port"]); print(open(flags["model_config_file"]).read())
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("ready", flush=True)
time.sleep(60)
"""


def test_the_real_server_gets_the_same_folder(models, tmp_path):
    """With a stand-in on the PATH, since no package holds the binary: it says what it was given."""
    binary = tmp_path / "bin" / "tensorflow_model_server"
    binary.parent.mkdir()
    binary.write_text(FAKE.format(python=sys.executable))
    binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    code = f"from serving import tfserving; from pathlib import Path; exit(tfserving.run(Path({str(models)!r}), 8765))"
    path = f"{binary.parent}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PATH": path}, stdout=subprocess.PIPE, text=True
    )
    said = []
    for line in process.stdout:
        said.append(line)
        if line == "ready\n":
            break
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 7, "signals reach it, and its exit code comes back"
    process.stdout.close()
    assert said[0] == "port 8765\n"
    config = text_format.Parse("".join(said[1:-1]), model_server_config_pb2.ModelServerConfig())
    listed = {c.name: c.base_path for c in config.model_config_list.config}
    assert listed == {name: str((models / name).resolve()) for name in ("affine", "words")}
    assert {c.model_platform for c in config.model_config_list.config} == {"tensorflow"}


def test_without_the_real_server(models, tmp_path, monkeypatch):
    from serving import tfserving
    from serving.errors import BadOption, CannotServe

    monkeypatch.setenv("PATH", str(tmp_path))
    assert tfserving.find() is None
    with pytest.raises(CannotServe, match="is not on the PATH"):
        tfserving.run(models, 1)
    monkeypatch.setattr(tfserving, "find", lambda: "/bin/true")
    with pytest.raises(BadOption, match="holds no model"):
        tfserving.run(tmp_path, 1)
