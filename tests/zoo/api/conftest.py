"""One small VAE of digits as a run, as an exported model and behind a server."""

import pytest

import zoo
from serving.models.store import StoreConfig
from serving.server.config import ServerConfig
from serving.server.embedded import Server
from zoo import data


@pytest.fixture(scope="session")
def tiny():
    """Arguments of `zoo.train` for a small VAE and a short run."""
    return {"epochs": 1, "batch_size": 128, "jit": "off", "hidden": (8,), "latent": 2}


@pytest.fixture(scope="session")
def digits():
    """Pictures (N, 8, 8, 1) in [0, 1], float32, and their labels."""
    arrays = data.load("digits").train.arrays(600)
    return (arrays["image"] + 1) / 2, arrays["label"]


@pytest.fixture(scope="session")
def run(digits, tiny):
    return zoo.train("vae", digits[0], **tiny)


@pytest.fixture(scope="session")
def models(run, tmp_path_factory):
    """A folder with versions 1 and 2 of `vae`, which are the same."""
    folder = tmp_path_factory.mktemp("models")
    first = run.export(folder)
    first.with_name("2").symlink_to(first)
    return folder


@pytest.fixture(scope="session")
def exported(models):
    return zoo.load(models / "vae")


@pytest.fixture(scope="session")
def address(models):
    server = Server(ServerConfig(StoreConfig(models), port=0))
    yield server.address
    server.stop(0)


@pytest.fixture(scope="session")
def served(address):
    with zoo.connect(address, "vae") as model:
        yield model


@pytest.fixture(params=["run", "exported", "served"])
def place(request):
    """The same model in each of the three places."""
    return request.getfixturevalue(request.param)
