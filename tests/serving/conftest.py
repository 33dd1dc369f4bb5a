"""Small models of plain tf.Module, and a server over them.

With MENAGERIE_SERVER=host:port and MENAGERIE_SERVER_MODELS=folder the conformance tests ask that server instead, say a
tensorflow_model_server: the tests write the models `affine` (versions 1 and 3) and `words` (version 1) into the folder
and wait until the server offers them.
"""

import os
from pathlib import Path

import pytest
import tensorflow as tf

from serving import Client
from serving.server import Server, ServerConfig


class Affine(tf.Module):
    """serving_default: x [B, 4], bias [B] -> y = scale * x + bias, total; `images`: [B, 2, 2, 1]; `slow`."""

    def __init__(self, scale):
        super().__init__()
        self.scale = tf.Variable(float(scale))

    @tf.function(
        input_signature=[tf.TensorSpec((None, 4), tf.float32, "x"), tf.TensorSpec((None,), tf.float32, "bias")]
    )
    def affine(self, x, bias):
        y = self.scale * x + bias[:, None]
        return {"y": y, "total": tf.reduce_sum(y, axis=1)}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int64, "seed")])
    def sample(self, seed):
        return {"images": tf.reshape(tf.cast(seed[:, None] * [1, 2, 3, 4], tf.float32) * self.scale, (-1, 2, 2, 1))}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int64, "turns")])
    def slow(self, turns):
        a = tf.random.stateless_uniform((400, 400), (1, 2)) / 400
        b = tf.while_loop(
            lambda i, _: i < turns[0], lambda i, m: (i + 1, tf.matmul(m, a)), (tf.constant(0, tf.int64), a)
        )[1]
        return {"done": tf.reduce_sum(b) * tf.ones_like(turns, tf.float32)}


class Words(tf.Module):
    """serving_default: text [B] -> upper, length; `kinds`: one tensor of every type -> itself."""

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "text")])
    def upper(self, text):
        return {"upper": tf.strings.upper(text), "length": tf.strings.length(text)}

    @tf.function(
        input_signature=[
            tf.TensorSpec(None, kind, tf.as_dtype(kind).name)
            for kind in (
                tf.float64,
                tf.uint8,
                tf.int8,
                tf.int16,
                tf.int32,
                tf.bool,
                tf.half,
                tf.uint32,
                tf.uint64,
                tf.complex64,
            )
        ]
    )
    def kinds(self, float64, uint8, int8, int16, int32, bool, float16, uint32, uint64, complex64):
        given = (float64, uint8, int8, int16, int32, bool, float16, uint32, uint64, complex64)
        return {f"{value.dtype.name}_out": tf.identity(value) for value in given}


def save_affine(base: Path, version: int, scale: float) -> Path:
    """MODELS/affine/VERSION."""
    model = Affine(scale)
    names = {"serving_default": model.affine, "sample": model.sample, "slow": model.slow}
    tf.saved_model.save(model, str(base / "affine" / str(version)), signatures=names)
    return base / "affine" / str(version)


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A folder with `affine` 1 (scale 1) and 3 (scale 3), and `words` 1."""
    base = Path(os.environ.get("MENAGERIE_SERVER_MODELS") or tmp_path_factory.mktemp("models"))
    save_affine(base, 1, 1.0)
    save_affine(base, 3, 3.0)
    words = Words()
    signatures = {"serving_default": words.upper, "kinds": words.kinds}
    tf.saved_model.save(words, str(base / "words" / "1"), signatures=signatures)
    return base


@pytest.fixture(scope="session")
def address(models):
    """Where the conformance tests ask."""
    if outside := os.environ.get("MENAGERIE_SERVER"):
        with Client(outside) as client:
            client.wait_until_available("affine", 3)
            client.wait_until_available("words", 1)
        yield outside
    else:
        server = Server(ServerConfig(models=models, port=0))
        yield server.address
        server.stop(0)


@pytest.fixture(scope="session")
def client(address):
    """Ours."""
    with Client(address, timeout=30) as client:
        yield client
