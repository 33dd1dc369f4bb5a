"""Autoencoders whose optimum is known, and what their uses promise."""

from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.decomposition import PCA

from zoo.autoencoders.family import Autoencoder
from zoo.core import registry
from zoo.core.config import TrainConfig
from zoo.core.errors import UserError
from zoo.core.features import Spec, image, vector
from zoo.core.random import Seed
from zoo.losses.reconstruction import squared_error
from zoo.networks.mlp import mlp
from zoo.training import strategy
from zoo.training.trainer import Trainer

ONE = strategy.get("one")


def test_a_linear_autoencoders_optimum_is_the_subspace_of_pca():
    """Baldi & Hornik 1989. The decoder's columns span the first principal components."""
    random = np.random.default_rng(0)
    x = (random.normal(size=(512, 3)) * [3, 2, 1]) @ random.normal(size=(3, 8)) + 0.05 * random.normal(size=(512, 8))
    x = (x - x.mean(0)).astype(np.float32) / 4
    keras.utils.set_random_seed(0)
    encoder, decoder = mlp((8,), (), (2,)), mlp((2,), (), (8,))
    model = Autoencoder(Spec.of(vector(8)), encoder, decoder, loss="mse")
    model.reconstruction = lambda a, b: squared_error(a, b)  # linear to the end: no squashing of logits
    config = TrainConfig(batch_size=512, jit="off", learning_rate=0.02, schedule="cosine")
    trainer = Trainer(model, config, ONE, total_steps=800)
    batch = {"vector": tf.constant(x)}
    list(trainer.run(iter([batch] * 800), 800))
    found, _ = np.linalg.qr(decoder.layers[-1].kernel.numpy().T)
    components = PCA(2).fit(x).components_.T
    angles = np.linalg.svd(found.T @ components, compute_uv=False)
    assert np.all(angles > 0.999)  # cosines of the angles between the subspaces


def build(name, shape=(8, 8, 1), **parameters):
    keras.utils.set_random_seed(0)
    return registry.get(name)(Spec.of(image(*shape), 10), **parameters)


def played(model, steps, batch_size=16):
    """The players that were updated in each of the steps."""
    trainer = Trainer(model, TrainConfig(batch_size=batch_size, jit="off"), ONE, total_steps=steps)
    x = tf.random.stateless_uniform((batch_size, *model.spec.shape), (0, 1), -1, 1)
    terms = trainer.run(iter([{"image": x}] * steps), steps)
    return [{key.partition("/")[0] for key in turn} for turn in terms]


def test_stacked_layers_are_trained_one_after_another_and_then_together():
    turns = played(build("stacked", hidden=(16, 8), code=4, fine_tuning=0.4), 10)
    assert turns == [{"layer1"}] * 2 + [{"layer2"}] * 2 + [{"layer3"}] * 2 + [{"autoencoder"}] * 4


def test_stacked_layers_leave_those_below_alone():
    model = build("stacked", hidden=(16, 8), code=4, fine_tuning=0.4)
    first = model.players[0].networks[0].trainable_variables
    trainer = Trainer(model, TrainConfig(batch_size=16, jit="off"), ONE, total_steps=10)
    batch = {"image": tf.random.stateless_uniform((16, 8, 8, 1), (0, 1), -1, 1)}
    states = [np.concatenate([v.numpy().ravel() for v in first]) for _ in trainer_steps(trainer, batch, 10)]
    moved = [bool(np.any(a != b)) for a, b in pairwise(states)]
    assert moved == [True] + [False] * 4 + [True] * 4  # fine-tuning moves it again


def trainer_steps(trainer, batch, count):
    for _ in range(count):
        list(trainer.run(iter([batch]), 1))
        yield


def test_stacked_encoder_is_its_layers():
    model = build("stacked", hidden=(16,), code=4)
    x = tf.random.stateless_uniform((3, 8, 8, 1), (0, 1), -1, 1)
    h = x
    for player in model.players[:2]:
        h = player.networks[0](h)
    np.testing.assert_allclose(model.encoder(x), h, atol=1e-6)


def test_a_denoisers_loss_is_of_the_clean_example_given_the_noisy_one():
    model = build("denoising", share=1.0)
    x = tf.random.stateless_uniform((4, 8, 8, 1), (0, 1), -1, 1)
    black = model.decoder(model.encoder(-tf.ones_like(x)))
    expected = model.reconstruction(x, black)
    np.testing.assert_allclose(model.loss({"image": x}, Seed.of(tf.range(4)))["reconstruction"], expected, rtol=1e-5)


def test_sparse_has_more_nodes_than_inputs():
    assert build("sparse").code == 96
    assert build("sparse", shape=(4, 4, 3)).code == 72


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("undercomplete", {"loss": "mae"}, "no loss 'mae'"),
        ("denoising", {"noise": "gausian"}, "Did you mean 'gaussian'"),
        ("sparse", {"penalty": "l2"}, "Known: kl, l1"),
        ("vae", {"likelihood": "normal"}, "Known: bernoulli, gaussian, logistic"),
        ("vae", {"networks": "resnet"}, "Known: conv, mlp"),
    ],
)
def test_names_that_are_none(name, parameters, said):
    with pytest.raises(UserError, match=said):
        build(name, **parameters)


def test_convolutions_refuse_tables():
    with pytest.raises(UserError, match=r"convolutional generates images; this data has vector 5\. Recipes .* deep"):
        registry.get("convolutional")(Spec.of(vector(5)))


def test_convolutions_refuse_small_images():
    with pytest.raises(UserError, match=r"need images of at least 8 x 8 pixels; this data has shape \(7, 9, 1\)"):
        build("convolutional", shape=(7, 9, 1))


@pytest.mark.parametrize("name", [n for n, r in registry.recipes().items() if r.family == "autoencoder"])
def test_an_anomaly_is_what_is_reconstructed_badly(name):
    model = build(name)
    images = tf.random.stateless_uniform((5, 8, 8, 1), (0, 1))  # the error is of values in [0, 1]
    again = model.signatures()["reconstruct"].serve({"images": images})
    error = tf.reduce_mean((again["images"] - images) ** 2, axis=(1, 2, 3))
    np.testing.assert_allclose(again["error"], error, rtol=1e-4)
    np.testing.assert_allclose(model.anomaly(2 * images - 1)["score"], error, rtol=1e-4)
