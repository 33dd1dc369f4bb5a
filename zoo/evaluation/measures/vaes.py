"""Measures of sampled codes, and of bounds of log p(x), on the test split."""

import numpy as np
import tensorflow as tf

from zoo.core.errors import UserError
from zoo.core.features import Feature
from zoo.core.random import Seed
from zoo.evaluation import evaluators
from zoo.evaluation.measures import baseline, measure
from zoo.evaluation.metrics.frechet import FeatureMoments, frechet_distance
from zoo.evaluation.metrics.likelihood import bound
from zoo.evaluation.models import TrainedModel
from zoo.losses.divergence import kl_standard_normal, total_correlation
from zoo.vaes.family import VAE

_COUNT = 2_000
"""Samples."""


def _distance(t: TrainedModel, x: np.ndarray) -> float:
    """Fréchet distance of the evaluator's features, between images in [-1, 1] and the test split."""
    features = evaluators.for_data(t.config.data).features
    real, fake = (FeatureMoments().add(features(part)) for part in (t.real, x))
    return frechet_distance(real, fake)


def _codes(t: TrainedModel) -> Feature:
    return t.model.signatures()["decode"].inputs["codes"]


@measure
def decoded_frechet(t: TrainedModel) -> float:
    """Fréchet distance between test images and the images decoded from codes of N(0, I)."""
    codes = Seed.of(tf.range(_COUNT)).fold("codes").normal((_codes(t).size,)).numpy()
    return _distance(t, t.call("decode", codes=codes, **t.conditions("decode", _COUNT))["x"])


@baseline("frechet", "random codes")
def random_codes_frechet(t: TrainedModel) -> float:
    """The same of discrete codes whose entries are uniform and independent."""
    codes = np.random.default_rng(0).integers(t.parameters["embeddings"], size=(_COUNT, _codes(t).size))
    return _distance(t, t.call("decode", codes=codes)["x"])


def _vae(t: TrainedModel) -> VAE:
    if not isinstance(t.model, VAE):
        raise UserError(f"{t.config.model} has no q(z|x) to measure; the VAEs have.")
    return t.model


@measure
def kl(t: TrainedModel) -> float:
    """Mean KL(q(z|x) ‖ N(0, I)), in nats."""
    _vae(t)
    found = t.call("encode", x=t.real)
    return float(np.mean(kl_standard_normal(found["mean"], found["log_variance"])))


@measure
def log_likelihood(t: TrainedModel) -> float:
    """Lower bound of the mean log p(x) in nats, of `importance_samples` codes for each example."""
    return float(np.mean(t.call("log_likelihood", x=t.real, seed=np.arange(len(t.real)))["log_likelihood"]))


@measure
def tightening(t: TrainedModel) -> float:
    """The smallest increase, in nats, between the bounds of 1, 5 and 50 samples."""
    vae, x = _vae(t), t.real[:500]
    weights = tf.function(lambda x, rows: vae.log_weights(x, None, Seed.of(rows), 50))
    parts = [weights(tf.constant(x[i : i + 50]), tf.range(i, i + len(x[i : i + 50]))) for i in range(0, len(x), 50)]
    log_w = np.concatenate([p.numpy() for p in parts])
    bounds = [bound(log_w, k, seed=0).value for k in (1, 5, 50)]
    return float(min(np.diff(bounds)))


@measure
def correlation(t: TrainedModel) -> float:
    """Total correlation of the codes in nats, estimated from the test images, 2,000 at most."""
    vae, x = _vae(t), tf.constant(t.real)
    mean, log_variance = vae.posterior.moments(vae.infer(x))
    z, _ = vae.posterior.sample(vae.infer(x), Seed.of(tf.range(x.shape[0])).normal((vae.latent,)))
    return float(np.mean(total_correlation(z, mean, log_variance, x.shape[0])[1]))
