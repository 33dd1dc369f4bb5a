"""Several processes on one port: what they share, and how they stop."""

import os
import signal
import socket
from pathlib import Path

import httpx
import pytest

from serving import Client, InvalidRequest
from serving.handlers.metrics import PATH, Monitor
from serving.server.metrics_peers import MetricsPeers

MONITORING = Path(__file__).parents[3] / "serving" / "deploy" / "monitoring.config"


@pytest.fixture
def running(launch, models):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = [f"--rest_api_port={port}", f"--monitoring_config_file={MONITORING}"]
    return launch("--models", models, "--workers=2", *flags), f"http://127.0.0.1:{port}{PATH}"


def test_two_workers_share_a_port_and_show_the_sum_of_their_metrics(running):
    server, url = running
    assert server.line.endswith("2 workers\n")
    for _ in range(12):  # a connection each: the kernel gives it to one of the two
        with Client(server.address) as client:
            assert client.predict("affine", {"seed": [1]}, signature="sample").version == 3
    with Client(server.address) as client, pytest.raises(InvalidRequest, match="one of this server's workers"):
        client.reload_config("model_config_list {}")
    for _ in range(6):
        text = httpx.get(url, timeout=30).text
        assert ':tensorflow:serving:request_count{model_name="affine",status="OK"} 12\n' in text
        assert 'saved_model:load_attempt_count{model_path="' in text
        loads = [line for line in text.splitlines() if "load_attempt_count{" in line]
        assert [line.rpartition(" ")[2] for line in loads] == ["2", "2"], "each of two models, by both"
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0


@pytest.mark.slow
def test_if_one_worker_exits_all_stop(running):
    server, _ = running
    first, second = map(int, Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split())
    os.kill(first, signal.SIGKILL)
    assert server.process.wait(60) == 1
    assert not Path(f"/proc/{second}").exists()


def test_metrics_of_processes_add_up(tmp_path):
    ours, theirs = Monitor(), Monitor()
    for monitor, seconds in ((ours, 1e-3), (theirs, 2e-3), (theirs, 4e-3)):
        monitor.runtime("m", "Predict", seconds)
    theirs.examples("m", 3)
    (tmp_path / "here").mkdir()
    us, other = MetricsPeers(tmp_path / "here", ours.snapshot), MetricsPeers(tmp_path, theirs.snapshot)
    (tmp_path / "here" / "other").symlink_to(tmp_path / str(os.getpid()))
    text = ours.text(us.snapshots())
    assert 'runtime_latency_count{model_name="m",API="Predict",runtime="TF1"} 3\n' in text
    assert 'runtime_latency_sum{model_name="m",API="Predict",runtime="TF1"} 7000.0\n' in text
    assert ':tensorflow:serving:request_example_count_total{model="m"} 3\n' in text
    assert 'runtime_latency_count{model_name="m",API="Predict",runtime="TF1"} 1\n' in ours.text()
    us.close()
    other.close()


def test_a_worker_that_exited_is_left_out_and_one_that_hangs_is_an_error(tmp_path, monkeypatch):
    from serving.server import metrics_peers

    with socket.socket(socket.AF_UNIX) as ended:
        ended.bind(str(tmp_path / "ended"))
    us = MetricsPeers(tmp_path, bytes)
    assert us.snapshots() == []
    monkeypatch.setattr(metrics_peers, "SECONDS", 0.1)
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(tmp_path / "hanging"))
        hanging.listen()
        with pytest.raises(TimeoutError, match="Worker hanging does not answer"):
            us.snapshots()
    us.close()
