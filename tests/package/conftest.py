"""A server to ask, and the commands that a base installation has for it."""

import subprocess

import pytest
import tensorflow as tf

from serving.models.store import StoreConfig
from serving.server.config import ServerConfig
from serving.server.embedded import Server


class Greys(tf.Module):
    """sample(seed): 4x6 images of the grey seed / 255; discriminate(images): their mean."""

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int64, "seed")])
    def sample(self, seed):
        return {"images": tf.ones((1, 4, 6, 1)) * tf.reshape(tf.cast(seed, tf.float32) / 255.0, (-1, 1, 1, 1))}

    @tf.function(input_signature=[tf.TensorSpec((None, 4, 6, 1), tf.float32, "images")])
    def discriminate(self, images):
        return {"logits": tf.reduce_mean(images, (1, 2, 3))}


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """A server of `greys` version 1."""
    folder, model = tmp_path_factory.mktemp("models"), Greys()
    tf.saved_model.save(
        model, str(folder / "greys" / "1"), signatures={"sample": model.sample, "discriminate": model.discriminate}
    )
    server = Server(ServerConfig(StoreConfig(folder), port=0))
    yield server.address
    server.stop(0)


@pytest.fixture
def ask(address, tmp_path):
    """Runs every command that asks a server, by the command line `zoo`, a list of words; and checks what they give."""

    def ask(zoo):
        for line in (
            "status greys",
            "describe greys",
            "sample greys --count 3 --out s.png",
            "sample greys --count 3 --out s.npz",
            "predict greys --signature discriminate --input images=s.npz",
            "batch greys --seeds 0:20 --out npz",
            "batch greys --seeds 0:20 --format tfrecord --out records",
        ):
            done = subprocess.run(
                [*zoo, *line.split(), "--server", address], cwd=tmp_path, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{line}: {done.stderr}"
        assert (tmp_path / "s.png").read_bytes()[1:4] == b"PNG"
        assert list((tmp_path / "records").glob("*.tfrecord*"))

    return ask
