"""The sections on the client and on batch jobs in docs/serving.md, run as they are."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from serving.models.store import StoreConfig
from serving.server.config import ServerConfig
from serving.server.embedded import Server

TEXT = (Path(__file__).parents[3] / "docs" / "serving.md").read_text()


def section(title):
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def blocks(title, language):
    return re.findall(rf"```{language}\n(.*?)```", section(title), re.S)


class Grey(tf.Module):
    """sample(seed) -> images; discriminate(images) -> logits."""

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int64, "seed")])
    def sample(self, seed):
        return {"images": tf.ones((1, 28, 28, 1)) * tf.reshape(tf.cast(seed % 2, tf.float32), (-1, 1, 1, 1))}

    @tf.function(input_signature=[tf.TensorSpec((None, 28, 28, 1), tf.float32, "images")])
    def discriminate(self, images):
        return {"logits": tf.reduce_mean(images, (1, 2, 3))}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of a `dcgan` version 1."""
    folder, grey = tmp_path_factory.mktemp("models"), Grey()
    names = {"sample": grey.sample, "discriminate": grey.discriminate}
    tf.saved_model.save(grey, str(folder / "dcgan" / "1"), signatures=names)
    server = Server(ServerConfig(StoreConfig(folder), port=0))
    yield server.address
    server.stop(0)


def run(text, server, folder):
    """A text that asks the usual port, against this server."""
    command = [sys.executable, *text] if isinstance(text, list) else [sys.executable, "-c", text]
    command = [word.replace("127.0.0.1:8500", server) for word in command]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_the_python_of_the_client(server, tmp_path):
    out = run("\n".join(blocks("Client", "python")), server, tmp_path).splitlines()
    assert "(64, 28, 28, 1) 1" in out
    assert any(line.startswith("16 calls, 0 failed") for line in out), "1000 rows in 64s"
    assert out[-1] == "10"


def test_the_commands_of_batch_jobs(server, tmp_path):
    (text,) = blocks("Batch jobs", "sh")
    for line in text.replace("1000000", "100").splitlines():
        line = line if "--server" in line else f"{line} --server 127.0.0.1:8500"
        run(["-m", *line.split()], server, tmp_path)
    with np.load(tmp_path / "judged" / "shard-00000.npz") as judged:
        assert judged["logits"].tolist() == [0, 1] * 50


def test_every_flag_of_the_table_exists():
    from zoo.cli import COMMANDS

    rows = re.findall(r"^\| (`--.*?) \|", section("Batch jobs"), re.M)
    known = {flag.name.replace("_", "-") for flag in COMMANDS["batch"].flags}
    told = {name for row in rows for name in re.findall(r"--([a-z-]+)", row) if not name.startswith("runner")}
    assert {"seeds", "labels", "inputs", "rows", "window"} <= told <= known
