"""docs/explain.md and docs/examples, run as they stand."""

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from explain.quality.verdict import Trust
from zoo import cli

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "explain.md").read_text()
SHAPE = (8, 8, 1)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)


class Model(tf.Module):
    """The signatures that the document uses."""

    def __init__(self, seed):
        super().__init__()
        self.w = tf.Variable(np.random.default_rng(seed).normal(size=(64, 3)), dtype=tf.float32)

    @tf.function(input_signature=[tf.TensorSpec((None, *SHAPE), tf.float32, "images")])
    def discriminate(self, images):
        logits = tf.reshape(images - 0.4, (-1, 64)) @ self.w
        return {"logits": logits[:, 0], "class_logits": logits}

    @tf.function(input_signature=[tf.TensorSpec((None, *SHAPE), tf.float32, "images")])
    def anomaly(self, images):
        return {"score": tf.reduce_mean((images - 0.4) ** 2, axis=(1, 2, 3))}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int64, "seed")])
    def sample(self, seed):
        place = tf.linspace(0.0, 20.0, 64)[None] * (1 + tf.cast(seed, tf.float32)[:, None])
        return {"images": tf.reshape(0.5 + 0.5 * tf.sin(place), (-1, *SHAPE))}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with models/dcgan, two versions, and models/vae."""
    folder = tmp_path_factory.mktemp("docs")
    for name, version in (("dcgan", 1), ("dcgan", 2), ("vae", 1)):
        model = Model(version)
        signatures = {n: getattr(model, n) for n in ("sample", "discriminate", "anomaly")}
        tf.saved_model.save(model, str(folder / "models" / name / str(version)), signatures=signatures)
    return folder


@pytest.mark.parametrize("code", blocks("python"), ids=lambda code: re.search(r"import (.*)", code)[1])
def test_the_documents_python_runs(code, place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    exec(compile(code, "docs/explain.md", "exec"), {})
    for name in re.findall(r'save\("([^"]+)"\)', code):
        assert (place / name).stat().st_size > 1000


@pytest.mark.parametrize("line", [line for block in blocks("sh") for line in block.splitlines()])
def test_the_documents_commands_run(line, place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    assert line.startswith("zoo explain ")
    assert cli.main(line.split()[1:]) == 0
    assert capsys.readouterr().out


def test_the_document_names_every_verdict_and_every_flag():
    for trust in Trust:
        assert f"| {trust} |" in TEXT
    told = {"--" + flag.name for flag in cli.COMMANDS["explain"].flags}
    assert set(re.findall(r"--[a-z]+", TEXT)) <= told


def test_a_function_is_explained_by_the_example(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(DOCS / "examples" / "explain_function.py"))
    assert "the strongest part is 0, the top left is 0" in capsys.readouterr().out
    assert (tmp_path / "corner.html").read_text().startswith("<!doctype html>")


def test_a_served_model_is_explained_by_the_example(place, serving_process, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    with serving_process(place / "models") as address:
        monkeypatch.setattr(sys, "argv", ["explain_served.py", address, "dcgan"])
        runpy.run_path(str(DOCS / "examples" / "explain_served.py"))
    out = capsys.readouterr().out
    assert out.count("seed ") == 4
    assert "the strongest part on average is" in out
