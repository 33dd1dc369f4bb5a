"""Bounds of log p(x), on probabilistic PCA, whose marginal is known (Tipping & Bishop 1999)."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import multivariate_normal

from zoo.core import registry
from zoo.core.config import TrainConfig
from zoo.core.features import Spec, from_unit, image, vector
from zoo.core.random import Seed
from zoo.losses.divergence import log_normal
from zoo.losses.likelihood import Likelihood
from zoo.networks.mlp import mlp
from zoo.training import strategy
from zoo.training.trainer import Trainer
from zoo.vaes.family import VAE
from zoo.vaes.flow_vae import Flow
from zoo.vaes.iwae import importance_weighted

F, D, SIGMA = 6, 2, 0.5
W = np.linalg.qr(np.random.default_rng(0).normal(size=(F, D)))[0] * [2.0, 1.0]
PPCA = Likelihood(1, lambda x, y: log_normal(x, y, tf.fill(tf.shape(y), 2 * np.float32(np.log(SIGMA)))), tf.identity)
"""x = W z + σ ε; its columns are orthogonal, so that p(z|x) is a diagonal normal."""


@pytest.fixture(scope="module")
def x():
    """Samples of the model itself, as the likelihood takes them, with no squashing in between."""
    random = np.random.default_rng(1)
    return (random.normal(size=(400, D)) @ W.T + SIGMA * random.normal(size=(400, F))).astype(np.float32)


@pytest.fixture(scope="module")
def truth(x):
    return multivariate_normal(np.zeros(F), W @ W.T + SIGMA**2 * np.eye(F)).logpdf(x)


def model(posterior=None, hidden=(), more=0, game=None):
    keras.utils.set_random_seed(0)
    encoder, decoder = mlp((F,), hidden, (2 * D + more,)), mlp((D,), (), (F,))
    decoder.layers[-1].kernel.assign(W.T)
    return VAE(Spec.of(vector(F)), encoder, decoder, latent=D, likelihood=PPCA, posterior=posterior, game=game)


@pytest.fixture(scope="module")
def exact():
    """q(z|x) = p(z|x) = N(M⁻¹ Wᵀ x, σ² M⁻¹), M = Wᵀ W + σ² I; the encoder is given 2 x − 1."""
    vae = model()
    M = (W**2).sum(0) + SIGMA**2
    mean = W / M
    log_variance = np.log(SIGMA**2 / M)
    kernel = np.concatenate([mean, np.zeros_like(mean)], axis=1) / 2
    bounded = 10 * np.arctanh(log_variance / 10)  # what `bounded` turns into log_variance
    bias = np.concatenate([mean.sum(0) / 2, bounded])
    vae.encoder.layers[-1].set_weights([kernel, bias])
    return vae


def log_weights(vae, x, k):
    return vae.log_weights(from_unit(tf.constant(x)), None, Seed.of(tf.range(len(x))), k).numpy()


def test_with_the_true_posterior_every_weight_is_the_marginal(exact, x, truth):
    np.testing.assert_allclose(log_weights(exact, x, 7), np.repeat(truth[:, None], 7, axis=1), atol=1e-3)


def test_log_likelihood_is_the_marginal(exact, x, truth):
    found = exact.log_likelihood(from_unit(tf.constant(x)), tf.range(len(x), dtype=tf.int64))["log_likelihood"]
    np.testing.assert_allclose(found, truth, atol=1e-3)


def test_a_poor_posteriors_bounds_rise_with_k_towards_the_marginal(x, truth):
    vae = model()
    log_w = log_weights(vae, x, 500)
    bounds = [np.mean(np.logaddexp.reduce(log_w[:, :k], axis=1) - np.log(k)) for k in (1, 5, 50, 500)]
    assert bounds == sorted(bounds)
    assert bounds[0] < truth.mean() - 1
    assert bounds[-1] <= truth.mean() + 0.02
    assert bounds[-1] > bounds[0] + 1


def test_iwae_of_one_sample_is_the_elbo(x):
    """The same z, the same −ELBO, up to the KL's being exact: equal in expectation."""
    seeds, batch = Seed.of(tf.range(len(x))), {"vector": from_unit(tf.constant(x))}
    elbo, weighted = (model(game=g).players[0].loss for g in (None, importance_weighted(1)))
    found = [
        [float(tf.reduce_mean(tf.add_n(list(f(batch, seeds.fold(i)).values())))) for i in range(60)]
        for f in (elbo, weighted)
    ]
    difference = np.subtract(*found)
    assert difference.mean() == pytest.approx(0, abs=4 * difference.std() / 60**0.5)


def trained(vae, x, steps=1_500):
    """The encoder learns, the model p(x, z) stays the true one."""
    vae.decoder.trainable = False
    config = TrainConfig(batch_size=len(x), jit="off", learning_rate=0.1, schedule="cosine")
    trainer = Trainer(vae, config, strategy.get("one"), total_steps=steps)
    batch = {"vector": from_unit(tf.constant(x))}
    list(trainer.run(iter([batch] * steps), steps))
    return vae


@pytest.mark.parametrize("kind", ["normal", "flow"])
def test_a_learnt_bound_comes_close_to_the_marginal(kind, x, truth):
    flow = kind == "flow"
    posterior = Flow(D, flows=2, hidden=8, context=2) if flow else None
    vae = trained(model(posterior=posterior, more=2 * flow), x)
    bound = log_weights(vae, x, 100).mean()
    assert truth.mean() - 0.05 < bound <= truth.mean() + 0.02


@pytest.mark.parametrize("name", ["vae", "beta_vae", "iwae", "flow_vae", "vamp_vae", "beta_tc_vae"])
def test_a_single_weight_is_minus_the_loss_where_beta_is_one(name):
    """Each variant's terms are one estimate of −log p(x, z) / q(z|x), weighed as its paper says."""
    keras.utils.set_random_seed(0)
    parameters = {"iwae": {"k": 1}, "beta_tc_vae": {"beta": 1.0}, "beta_vae": {"beta": 1.0}}.get(name, {})
    vae = registry.get(name)(Spec.of(image(8, 8, 1), 10), hidden=(16,), latent=3, **parameters)
    x = tf.random.stateless_uniform((64, 8, 8, 1), (0, 1), -1, 1)

    @tf.function
    def both(i):
        seed = Seed.of(tf.range(64)).fold(i)
        loss = tf.add_n([tf.reduce_mean(v) for v in vae.players[0].loss({"image": x}, seed).values()])
        return loss, tf.reduce_mean(vae.log_weights(x, None, seed, 1))

    total = np.sum([both(tf.constant(i)) for i in range(40)], axis=1, dtype=np.float64)
    assert total.mean() == pytest.approx(0, abs=4 * total.std() / 40**0.5 + 1e-3)
