"""Deployment files: valid by the published schemas, and of flags and files that the server knows."""

import re
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from google.protobuf import text_format

from serving.handlers.metrics import PATH
from serving.protocol import config_files, protos
from serving.server import flags

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "serving" / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
MANIFESTS = {m["kind"]: m for m in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())}
POD = MANIFESTS["Deployment"]["spec"]["template"]
CONTAINER = POD["spec"]["containers"][0]
COMMANDS = {"compose": COMPOSE["services"]["serving"]["command"], "kubernetes": CONTAINER["args"]}


def test_compose_is_valid_by_its_schema():
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, str(DEPLOY / "compose.yaml")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", MANIFESTS)
@pytest.mark.parametrize("version", ["1.30", "1.33"])
def test_manifests_are_valid_by_kubernetes_schemas(kind, version):
    kubernetes_validate.validate(MANIFESTS[kind], version, strict=True)


@pytest.mark.parametrize("where", COMMANDS)
def test_the_flags_are_ones_that_the_embedded_server_understands_too(where):
    values = flags.parse(COMMANDS[where])
    assert (values.port, values.rest_api_port) == (8500, 8501)
    assert values.enable_batching


@pytest.mark.parametrize("where", COMMANDS)
def test_every_file_that_a_flag_names_exists(where):
    named = {Path(a.partition("=")[2]).name for a in COMMANDS[where] if a.partition("=")[0].endswith("_file")}
    assert named == {"models.config", "monitoring.config", "batching.config"}
    if where == "compose":
        mounted = [v.split(":")[0] for v in COMPOSE["services"]["serving"]["volumes"] if v.startswith("./")]
        assert {Path(m).name for m in mounted} == named


def test_the_configuration_files():
    models = text_format.Parse((DEPLOY / "models.config").read_text(), protos.ModelServerConfig())
    assert all(c.base_path.startswith("/models/") for c in models.model_config_list.config)
    monitoring = config_files.read(config_files.MonitoringConfig, DEPLOY / "monitoring.config")
    assert monitoring.prometheus_config.enable
    assert monitoring.prometheus_config.path == PATH
    assert config_files.read(config_files.BatchingParameters, DEPLOY / "batching.config").max_batch_size.value == 128
    (scrape,) = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"]
    assert scrape["metrics_path"] == POD["metadata"]["annotations"]["prometheus.io/path"] == PATH
    assert scrape["static_configs"] == [{"targets": ["serving:8501"]}]


def test_the_manifests_mean_the_same_pods():
    labels = POD["metadata"]["labels"]
    assert MANIFESTS["Service"]["spec"]["selector"] == labels
    assert MANIFESTS["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert MANIFESTS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    target = MANIFESTS["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert target["name"] == MANIFESTS["Deployment"]["metadata"]["name"]
    assert (
        MANIFESTS["PodDisruptionBudget"]["spec"]["minAvailable"]
        < MANIFESTS["HorizontalPodAutoscaler"]["spec"]["minReplicas"]
    )
    claims = {v["persistentVolumeClaim"]["claimName"] for v in POD["spec"]["volumes"] if "persistentVolumeClaim" in v}
    assert claims == {MANIFESTS["PersistentVolumeClaim"]["metadata"]["name"]}
    ports = {p["name"]: p["containerPort"] for p in CONTAINER["ports"]}
    assert ports == {p["targetPort"]: p["port"] for p in MANIFESTS["Service"]["spec"]["ports"]}
    assert all(CONTAINER[probe]["grpc"]["port"] == ports["grpc"] for probe in CONTAINER if probe.endswith("Probe"))


def test_the_page_names_files_and_flags_that_exist():
    text = (ROOT / "docs" / "deploy.md").read_text()
    for path in re.findall(r"serving/deploy/[\w.]+\w", text):
        assert (ROOT / path).is_file(), path
    known = set(flags.names())
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines()]
    ours = [line for line in lines if line.startswith("python -m serving.server")]
    assert ours
    for line in ours:
        assert set(re.findall(r"--\w+", line)) <= known, line
    folders = re.findall(r"--from-file=([\w/.]+)", text)
    assert {Path(f).name for f in folders} == {"models.config", "monitoring.config", "batching.config"}
