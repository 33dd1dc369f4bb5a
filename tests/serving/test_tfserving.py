"""The real server's command line: what is written for it, and what is passed on."""

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving import configs, tfserving
from serving.errors import BadOption


@pytest.fixture
def folder(tmp_path):
    for version in ("vae/1", "vae/2", "gan/7", "notes/draft"):
        (tmp_path / "models" / version).mkdir(parents=True)
    (tmp_path / "files").mkdir()
    return tmp_path


def asked(folder, *given):
    made = tfserving.flags(folder / "models", 8500, folder / "files", given)
    return dict(flag[2:].split("=", 1) for flag in made)


def test_every_model_and_health(folder):
    found = asked(folder)
    assert set(found) == {"port", "model_config_file", "enable_grpc_healthcheck_service"}
    assert found["enable_grpc_healthcheck_service"] == "true"
    with open(found["model_config_file"]) as file:
        config = text_format.Parse(file.read(), model_server_config_pb2.ModelServerConfig())
    listed = {c.name: (c.base_path, c.model_platform) for c in config.model_config_list.config}
    assert listed == {n: (str((folder / "models" / n).resolve()), "tensorflow") for n in ("gan", "vae")}


def test_rest_brings_metrics_and_batching_its_parameters(folder):
    found = asked(folder, "--rest_api_port=8501", "--enable_batching=true")
    files = folder / "files"
    assert configs.read(configs.MonitoringConfig, files / "monitoring_config_file").prometheus_config.enable
    batching = configs.read(configs.BatchingParameters, files / "batching_parameters_file")
    assert batching.max_batch_size.value > 1
    assert batching.num_batch_threads.value >= 1
    assert (found["rest_api_port"], found["enable_batching"]) == ("8501", "true")


def test_the_users_own_flags_count(folder):
    own = "--batching_parameters_file=/mine"
    found = asked(folder, "--enable_batching=true", own, "--enable_grpc_healthcheck_service=false")
    assert found["batching_parameters_file"] == "/mine"
    assert found["enable_grpc_healthcheck_service"] == "false"


def test_folders_without_models(folder):
    with pytest.raises(BadOption, match="holds no model"):
        tfserving.flags(folder / "models" / "notes", 1, folder)
    with pytest.raises(BadOption, match="There is no folder"):
        tfserving.flags(folder / "nowhere", 1, folder)
