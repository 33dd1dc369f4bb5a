"""The programs of docs/python.md, one after another in one process, and that of the README."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from serving.models.store import StoreConfig
from serving.server.config import ServerConfig
from serving.server.embedded import Server

ROOT = Path(__file__).parents[2]
TRACKERS = '''
"""As much of mlflow and wandb as the page uses."""

import contextlib

logged = []


def log_metrics(means, step):
    logged.append((step, means["vae/loss"]))


log = log_metrics
start_run = init = lambda **options: contextlib.nullcontext()
'''


def blocks(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.S)


def run(code, folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_page_runs(tmp_path):
    for name in ("mlflow", "wandb"):
        (tmp_path / f"{name}.py").write_text(TRACKERS)
    *local, connected = blocks("docs/python.md")
    checks = "import mlflow, wandb; assert len(mlflow.logged) == len(wandb.logged) == 1; print(table.sample(2).age)"
    assert "dtype: int64" in run("\n".join([*local, checks]), tmp_path)
    server = Server(ServerConfig(StoreConfig(tmp_path / "models"), port=0))
    try:
        (load, *_) = local
        images = load[: load.index("run = ")]
        run(images + connected.replace("127.0.0.1:8500", server.address), tmp_path)
    finally:
        server.stop(0)


@pytest.mark.slow
def test_the_readme_runs(tmp_path):
    (code,) = (block for block in blocks("README.md") if "zoo.train" in block)
    run(code + "\nassert run.sample(16, seed=0).shape == (16, 8, 8, 1)", tmp_path)
    assert (tmp_path / "models" / "vae" / "1" / "saved_model.pb").exists()


def test_the_page_has_every_method():
    from zoo.api.model import Model

    table = (ROOT / "docs" / "python.md").read_text().partition("| method |")[2].partition("\n\n")[0]
    methods = {name for name in vars(Model) if not name.startswith("_")} - {"give_frames"}
    assert set(re.findall(r"(\w+)\(", table)) >= methods
