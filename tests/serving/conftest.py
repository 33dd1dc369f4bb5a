"""Servers over the models of savedmodels.py: a small one for most tests, and the one whose conformance is tested.

The conformance tests use a server of this project, or one that is running already, such as tensorflow_model_server:

    tensorflow_model_server --port=8500 --rest_api_port=8501 --model_config_file=EMPTY --max_num_load_retries=0 \\
        --monitoring_config_file=serving/deploy/monitoring.config --rest_api_enable_cors_support
    tensorflow_model_server --port=8510 --model_config_file=EMPTY --enable_batching \\
        --batching_parameters_file=tests/serving/batching.config
    pytest tests/serving/conformance --server=HOST:8500 --rest=http://HOST:8501 --batching-server=HOST:8510 \\
        --server-models=FOLDER

EMPTY holds `model_config_list {}`. The tests write models below FOLDER, which the servers see under the same path,
and have them served by reloads. Without a flag its environment variable counts, as in MENAGERIE_SERVER_MODELS.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
import pytest
import savedmodels
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving import Client, ServerFailure
from serving.models import batching
from serving.models.store import StoreConfig
from serving.server.config import RestConfig, ServerConfig
from serving.server.embedded import Server

BATCHING = Path(__file__).with_name("batching.config")
OPTIONS = {
    "server": "HOST:PORT of a server to test, over gRPC",
    "rest": "http://HOST:PORT of its REST API",
    "batching-server": "HOST:PORT of one with --enable_batching",
    "server-models": "a folder that these servers can read",
}


def pytest_addoption(parser):
    group = parser.getgroup("conformance")
    for name, text in OPTIONS.items():
        variable = f"MENAGERIE_{name.upper().replace('-', '_')}"
        group.addoption(f"--{name}", default=os.environ.get(variable), help=text)


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A folder with `affine` 1 (scale 1) and 3 (scale 3), and `words` 1."""
    base = tmp_path_factory.mktemp("models")
    savedmodels.save_affine(base, 1, 1.0)
    savedmodels.save_affine(base, 3, 3.0)
    savedmodels.save_module(base / "words" / "1", savedmodels.Words(), serving_default="upper", kinds="kinds")
    return base


@pytest.fixture(scope="session")
def address(models):
    """The address of a server of `models`."""
    server = Server(ServerConfig(StoreConfig(models), port=0))
    yield server.address
    server.stop(0)


@pytest.fixture(scope="session")
def client(address):
    """A client of that server."""
    with Client(address, timeout=30) as client:
        yield client


@dataclass(frozen=True)
class Offered:
    """A server under test, the folder of its models, and what it serves: further fields of a ModelConfig by model."""

    address: str
    folder: Path
    entries: Mapping[str, str]

    def config(self, **changed):
        """The text of a ModelServerConfig, without the models that are None."""
        entries = {name: more for name, more in {**self.entries, **changed}.items() if more is not None}
        return f"model_config_list {{ {' '.join(self.entry(name, more) for name, more in entries.items())} }}"

    def entry(self, name, more=""):
        """A model's entry; its folder has the model's name unless `more` has another."""
        base = "" if "base_path" in more else f'base_path: "{self.folder / name}"'
        platform = "" if "model_platform" in more or "model_type" in more else 'model_platform: "tensorflow"'
        return f'config {{ name: "{name}" {base} {platform} {more} }}'

    def reload(self, **changed):
        """Serves the models of `config`. Errors: ServingError."""
        with Client(self.address, timeout=120) as client:
            client.reload_config(self.config(**changed))

    def restore(self):
        """Serves the entries; those that do not load are skipped."""
        with contextlib.suppress(ServerFailure):
            self.reload()


@pytest.fixture(scope="session")
def folder(models, tmp_path_factory, request):
    """Where the conformance tests write their models."""
    outside = request.config.getoption("server_models")
    base = Path(tempfile.mkdtemp(dir=outside)) if outside else tmp_path_factory.mktemp("offered")
    base.chmod(0o755)
    for name in ("affine", "words"):
        shutil.copytree(models / name, base / name, dirs_exist_ok=True)
    return base


@pytest.fixture(scope="session")
def url(request):
    """The URL of the REST API under test; None if an external server has none."""
    if outside := request.config.getoption("rest"):
        return outside
    if request.config.getoption("server"):
        return None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture(scope="session")
def offered(folder, models, url, request):
    """The server under test, with a model of every kind; `both` are all versions of `affine`, by labels too."""
    savedmodels.save_half(folder / "half" / "5")
    savedmodels.save_keras(folder / "keras" / "1")
    counter = {"serving_default": "get", "add": "add", "octets": "octets"}
    savedmodels.save_module(folder / "counter" / "00000123", savedmodels.Counter(), **counter)
    judge = {name: name for name in ("classify", "regress", "shapes", "total", "images")}
    savedmodels.save_module(folder / "judge" / "1", savedmodels.Judge(), **judge)
    savedmodels.copy_with_default(models / "affine" / "1", folder / "default" / "1")
    savedmodels.copy_broken(models / "affine" / "1", folder / "broken" / "1")
    everything = f'base_path: "{folder / "affine"}" model_version_policy {{ all {{}} }}'
    entries = {path.name: "" for path in folder.iterdir()} | {"both": everything}
    labels = 'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 3 }'
    server = None if request.config.getoption("server") else _ours(url)
    address = server.address if server else request.config.getoption("server")
    Offered(address, folder, entries).restore()
    made = Offered(address, folder, entries | {"both": f"{everything} {labels}"})
    made.reload()
    yield made
    if server:
        server.stop(0)


def _ours(url):
    rest = RestConfig(int(url.rpartition(":")[2]), cors=True, metrics="/monitoring/prometheus/metrics")
    return Server(ServerConfig(StoreConfig(poll_seconds=0.2, retries=0), port=0, rest=rest))


@pytest.fixture
def reloading(offered):
    """The server under test, which gets its own models back in the end."""
    yield offered
    offered.restore()


@pytest.fixture(scope="session")
def stub(offered):
    """PredictionService of the server under test."""
    with grpc.insecure_channel(offered.address) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="session")
def models_stub(offered):
    """Its ModelService."""
    with grpc.insecure_channel(offered.address) as channel:
        yield model_service_pb2_grpc.ModelServiceStub(channel)


@pytest.fixture(scope="session")
def http(offered, url):
    """Its REST API."""
    if url is None:
        pytest.skip("--rest says where")
    with httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def batching_stub(folder, request):
    """PredictionService of the server under test that batches by batching.config, with `rows` and `affine`."""
    signatures = {name: name for name in ("total", "first", "two", "scalar", "nothing")}
    savedmodels.save_module(folder / "rows" / "1", savedmodels.Rows(), serving_default="double", **signatures)
    server = None
    address = request.config.getoption("batching_server")
    if not address:
        server = Server(ServerConfig(port=0, batching=batching.read(BATCHING)))
        address = server.address
    Offered(address, folder, {"rows": "", "affine": ""}).reload()
    with grpc.insecure_channel(address) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)
    if server:
        server.stop(0)


@dataclass(frozen=True)
class Running:
    """A server's process, its first line, and its address."""

    process: subprocess.Popen
    line: str
    address: str


@pytest.fixture
def launch(tmp_path_factory):
    """Flags -> a server in a separate process, which ends with the test at the latest."""
    processes = []

    def start(*flags):
        command = [sys.executable, "-m", "serving.server", "--port=0", *map(str, flags)]
        said = tmp_path_factory.mktemp("server") / "stderr"
        with said.open("w") as file:
            processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True))
        line = processes[-1].stdout.readline()
        found = re.match(r"Serving .* on (127\.0\.0\.1:\d+)", line)
        assert found, line + said.read_text()
        return Running(processes[-1], line, found[1])

    yield start
    for process in processes:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
