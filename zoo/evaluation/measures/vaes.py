"""Measures of codes that are drawn, and of bounds of log p(x), on the test split."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from zoo.core.errors import UserError
from zoo.core.random import Seed
from zoo.evaluation import evaluators
from zoo.evaluation.measures import Trained, baseline, measure
from zoo.evaluation.metrics.frechet import FeatureMoments, frechet_distance
from zoo.evaluation.metrics.likelihood import bound
from zoo.losses.divergence import kl_standard_normal, total_correlation
from zoo.vaes.family import VAE

_COUNT = 2_000
"""Samples."""


def _distance(t: Trained, images: np.ndarray) -> float:
    """Fréchet distance of the evaluator's features, between images in [0, 1] and the test split."""
    features = evaluators.for_data(t.config.data).features
    real, fake = (FeatureMoments().add(features(x)) for x in (t.test[0], 2.0 * images - 1.0))
    return frechet_distance(real, fake)


def _normal(t: Trained) -> np.ndarray:
    """Draws of N(0, I) in the space of codes."""
    size = t.model.signatures()["decode"].inputs["codes"].shape[-1]
    return Seed.of(tf.range(_COUNT)).fold("codes").normal((size,)).numpy()


@measure
def decoded_frechet(t: Trained) -> float:
    """Fréchet distance between test images and codes from N(0, I), decoded."""
    return _distance(t, t.ask("decode", codes=_normal(t), **_labels(t, "decode"))["images"])


def _labels(t: Trained, signature: str) -> Mapping[str, np.ndarray]:
    wanted = "label" in t.model.signatures()[signature].inputs
    return {"label": np.arange(_COUNT) % t.data.spec.classes} if wanted else {}


@baseline("frechet", "random codes")
def random_codes_frechet(t: Trained) -> float:
    """Of discrete codes that are drawn evenly and on their own, decoded."""
    spec = t.model.signatures()["decode"].inputs["codes"]
    codes = np.random.default_rng(0).integers(t.parameters["embeddings"], size=(_COUNT, spec.shape[-1]))
    return _distance(t, t.ask("decode", codes=codes)["images"])


def _vae(t: Trained) -> VAE:
    if not isinstance(t.model, VAE):
        raise UserError(f"{t.config.model} has no q(z|x) to measure; the VAEs have.")
    return t.model


@measure
def kl(t: Trained) -> float:
    """Mean KL(q(z|x) ‖ N(0, I)), in nats."""
    _vae(t)
    found = t.ask("encode", images=t.images)
    return float(np.mean(kl_standard_normal(found["mean"], found["log_variance"])))


@measure
def log_likelihood(t: Trained) -> float:
    """Mean log p(x) in nats, as far as `importance_samples` draws bound it."""
    seed = np.arange(len(t.images), dtype=np.int64)
    return float(np.mean(t.ask("log_likelihood", images=t.images, seed=seed)["log_likelihood"]))


@measure
def tightening(t: Trained) -> float:
    """The least step up, in nats, along the bounds of 1, 5 and 50 samples."""
    vae, x = _vae(t), t.test[0][:500]
    weights = tf.function(lambda x, rows: vae.log_weights(x, None, Seed.of(rows), 50))
    parts = [weights(tf.constant(x[i : i + 50]), tf.range(i, i + len(x[i : i + 50]))) for i in range(0, len(x), 50)]
    log_w = np.concatenate([p.numpy() for p in parts])
    bounds = [bound(log_w, k, seed=0).value for k in (1, 5, 50)]
    return float(min(np.diff(bounds)))


@measure
def correlation(t: Trained) -> float:
    """Total correlation of the codes in nats, estimated from the test images, 2,000 at most."""
    vae, x = _vae(t), tf.constant(t.test[0])
    mean, log_variance = vae.posterior.moments(vae.infer(x))
    z, _ = vae.posterior.sample(vae.infer(x), Seed.of(tf.range(x.shape[0])).normal((vae.latent,)))
    return float(np.mean(total_correlation(z, mean, log_variance, x.shape[0])[1]))
