"""The real thing: a SavedModel on disk, a server process, gRPC."""

import numpy as np
import pytest
import tensorflow as tf

from explain import Function, Local, ModelError, Remote, RequestError, explain
from serving.protocol.errors import ServingError

SHAPE = (12, 12, 1)


class Discriminator(tf.Module):
    """A two-layer network, the same with its batch's mean taken off, and a generator of constant images."""

    def __init__(self, seed):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.hidden = tf.Variable(rng.normal(size=(144, 16)) / 6, dtype=tf.float32)
        self.out = tf.Variable(rng.normal(size=(16, 1)), dtype=tf.float32)

    def logits(self, images):
        return (tf.nn.leaky_relu(tf.reshape(images, (-1, 144)) @ self.hidden) @ self.out)[:, 0]

    @tf.function(input_signature=[tf.TensorSpec((None, *SHAPE), tf.float32, "images")])
    def discriminate(self, images):
        logits = self.logits(images)
        return {"logits": logits, "probability": tf.sigmoid(logits)}

    @tf.function(input_signature=[tf.TensorSpec((None, *SHAPE), tf.float32, "images")])
    def in_training_mode(self, images):
        logits = self.logits(images)
        return {"centred": logits - tf.reduce_mean(logits)}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int64, "seed")])
    def sample(self, seed):
        value = tf.cast(seed, tf.float32)[:, None, None, None] / 10
        return {"images": value * tf.ones((1, *SHAPE))}


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """MODELS/gan with versions 1 and 2, and the networks in them."""
    models = tmp_path_factory.mktemp("models")
    made = {version: Discriminator(version) for version in (1, 2)}
    for version, network in made.items():
        names = ("sample", "discriminate", "in_training_mode")
        signatures = {name: getattr(network, name) for name in names}
        tf.saved_model.save(network, str(models / "gan" / str(version)), signatures=signatures)
    return models, made


@pytest.fixture(scope="module")
def address(networks, serving_process):
    """HOST:PORT of a server process over the models."""
    with serving_process(networks[0]) as address:
        yield address


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).random(SHAPE).astype(np.float32)


def by_hand(network, output="logits"):
    return Function(lambda images: network.discriminate(tf.constant(images))[output].numpy())


@pytest.mark.parametrize("output", ["logits", "probability"])
def test_served_local_and_in_process_agree(networks, address, x, output):
    models, made = networks
    expected = explain(by_hand(made[2], output), x, samples=300, agreement=0)
    with Remote(address, "gan", target=output) as served, Local(models, "gan", target=output) as local:
        for source in (served, local):
            found = explain(source, x, samples=300, agreement=0)
            np.testing.assert_allclose(found.coefficients, expected.coefficients, atol=1e-5)
            assert found.r2 == pytest.approx(expected.r2, abs=1e-4)
            assert found.f_x == pytest.approx(expected.f_x, abs=1e-5)
            assert (found.model, found.version, found.target) == ("gan", 2, f"discriminate:{output}")
            assert found.calls == 1 + 2


def test_the_named_version_is_explained_or_none(networks, address, x):
    """A server holds the latest version only, a folder all of them."""
    models, made = networks
    with Remote(address, "gan", version=2) as served, Local(models / "gan" / "1") as local:
        for source in (served, local):
            found = explain(source, x, samples=300, agreement=0)
            expected = explain(by_hand(made[source.version]), x, samples=300, agreement=0).coefficients
            np.testing.assert_allclose(found.coefficients, expected, atol=1e-5)
        assert (served.version, local.version) == (2, 1)
    with pytest.raises(ServingError, match="gan, 1"):
        Remote(address, "gan", version=1)


def test_a_model_in_training_mode_is_refused(networks, address, x):
    with Remote(address, "gan", target="centred") as source, pytest.raises(ModelError, match="inference mode"):
        explain(source, x)


def test_the_models_own_sample(networks, address):
    with Remote(address, "gan") as served, Local(networks[0], "gan") as local:
        for source in (served, local):
            np.testing.assert_allclose(source.sample(3), np.full(SHAPE, 0.3), atol=1e-6)
            assert source.shape == SHAPE


def test_the_models_offers_are_listed(networks, address):
    offers = "discriminate:logits, discriminate:probability, in_training_mode:centred"
    with pytest.raises(RequestError, match=offers):
        Remote(address, "gan", target="score")
    with pytest.raises(RequestError, match=offers):
        Local(networks[0], "gan", target="score")


def test_an_unknown_model_is_the_servers_error(address):
    with pytest.raises(ServingError, match="nobody"):
        Remote(address, "nobody")
