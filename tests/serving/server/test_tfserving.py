"""tensorflow_model_server's command line: the files written for it, and the flags passed on."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.protocol import config_files
from serving.protocol.errors import OptionError, ServerStartError
from serving.server import tfserving


@pytest.fixture
def folder(tmp_path):
    for version in ("vae/1", "vae/2", "gan/7", "notes/draft"):
        (tmp_path / "models" / version).mkdir(parents=True)
        (tmp_path / "models" / version / "saved_model.pb").touch()
    (tmp_path / "models" / "halfcopied" / "1").mkdir(parents=True)
    (tmp_path / "files").mkdir()
    return tmp_path


def asked(folder, *given):
    made = tfserving.flags(folder / "models", 8500, folder / "files", given)
    return dict(flag[2:].split("=", 1) for flag in made)


def test_every_model_and_health(folder):
    found = asked(folder)
    polled = "model_config_file_poll_wait_seconds"
    assert set(found) == {"port", "model_config_file", "enable_grpc_healthcheck_service", polled}
    assert found["enable_grpc_healthcheck_service"] == "true"
    with open(found["model_config_file"]) as file:
        config = text_format.Parse(file.read(), model_server_config_pb2.ModelServerConfig())
    listed = {c.name: (c.base_path, c.model_platform) for c in config.model_config_list.config}
    assert listed == {n: (str((folder / "models" / n).resolve()), "tensorflow") for n in ("gan", "vae")}


def test_rest_brings_metrics_and_batching_its_parameters(folder):
    found = asked(folder, "--rest_api_port=8501", "--enable_batching=true")
    files = folder / "files"
    assert config_files.read(config_files.MonitoringConfig, files / "monitoring_config_file").prometheus_config.enable
    batching = config_files.read(config_files.BatchingParameters, files / "batching_parameters_file")
    assert batching.max_batch_size.value > 1
    assert batching.num_batch_threads.value >= 1
    assert (found["rest_api_port"], found["enable_batching"]) == ("8501", "true")


def test_the_users_own_flags_override(folder):
    own = ["--batching_parameters_file=/mine", "--model_config_file=/ours"]
    found = asked(folder, "--enable_batching=true", *own, "--enable_grpc_healthcheck_service=false")
    assert found["batching_parameters_file"] == "/mine"
    assert found["model_config_file"] == "/ours"
    assert "model_config_file_poll_wait_seconds" not in found
    assert found["enable_grpc_healthcheck_service"] == "false"


def test_folders_without_models(folder):
    with pytest.raises(OptionError, match="has no model"):
        tfserving.flags(folder / "models" / "notes", 1, folder)
    with pytest.raises(OptionError, match="There is no folder"):
        tfserving.flags(folder / "nowhere", 1, folder)


FAKE = """#!{python}
import signal, sys, time
flags = dict(a[2:].split("=", 1) for a in sys.argv[1:])
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("port", flags["port"])
seen = ""
while True:
    text = open(flags["model_config_file"]).read()
    if text != seen:
        print(text, "read", sep="", flush=True)
        seen = text
    time.sleep(0.05)
"""


def listed(file):
    """The models that the fake binary has read."""
    text = "".join(iter(file.readline, "read\n"))
    config = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    assert {c.model_platform for c in config.model_config_list.config} == {"tensorflow"}
    return {c.name: Path(c.base_path) for c in config.model_config_list.config}


def test_the_real_server_gets_the_same_folder_and_later_models(folder):
    """With a fake binary on the PATH, since no package has the real one: it prints its arguments."""
    models, binary = (folder / "models").resolve(), folder / "bin" / "tensorflow_model_server"
    binary.parent.mkdir()
    binary.write_text(FAKE.format(python=sys.executable))
    binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    code = (
        "from pathlib import Path; from serving.server import tfserving\n"
        f"exit(tfserving.run(Path({str(models)!r}), 8765))"
    )
    path = f"{binary.parent}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PATH": path}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "port 8765\n"
    first = {name: models / name for name in ("gan", "vae")}
    assert listed(process.stdout) == first
    (models / "halfcopied" / "1" / "saved_model.pb").touch()
    assert listed(process.stdout) == first | {"halfcopied": models / "halfcopied"}
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 7, "signals reach it, and its exit code comes back"
    process.stdout.close()


def test_without_the_real_server(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tfserving.find() is None
    with pytest.raises(ServerStartError, match="is not on the PATH"):
        tfserving.run(folder / "models", 1)
    monkeypatch.setattr(tfserving, "find", lambda: "/bin/true")
    with pytest.raises(OptionError, match="has no model"):
        tfserving.run(folder / "files", 1)
