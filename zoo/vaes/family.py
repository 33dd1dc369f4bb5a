"""What variational autoencoders share: q(z|x) and p(x|z), both given by networks, and the prior N(0, I)."""

import math
from collections.abc import Mapping, Sequence
from typing import final

import keras
import tensorflow as tf

from zoo.autoencoders.family import mean_squared_error
from zoo.losses import divergence, reconstruction
from zoo.model import (
    Batch,
    GenerativeModel,
    Player,
    Signature,
    Spec,
    Terms,
    from_wire,
    images_spec,
    interleave,
    seed_spec,
    to_wire,
)
from zoo.noise import Seed

_LOG_VARIANCE = 10.0
"""log σ² is kept within ±10: beyond, exp overflows a run into NaN and nothing is learnt."""


@final
class VAE(GenerativeModel):
    """The variational autoencoder with a Bernoulli likelihood. Kingma & Welling, arXiv 1312.6114.

    The reconstruction is summed over pixels, the KL over the code; the engine averages both over the batch.

    Args:
      encoder: (B, *shape) in [-1, 1] -> (B, 2 D): μ and log σ² of q(z|x).
      decoder: codes (B, D) -> logits (B, *shape).
      importance_samples: how many codes `log_likelihood` draws for each image.
    """

    def __init__(
        self, spec: Spec, encoder: keras.Model, decoder: keras.Model, *, beta: float, importance_samples: int
    ) -> None:
        self.spec, self.encoder, self.decoder = spec, encoder, decoder
        self.beta, self.importance_samples = beta, importance_samples
        self.latent: int = decoder.input_shape[-1]
        self.players = [Player("vae", [encoder, decoder], self.loss)]

    def posterior(self, x: tf.Tensor, *, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """μ and log σ² of q(z|x), (B, D) each."""
        mean, log_variance = tf.split(self.encoder(x, training=training), 2, axis=-1)
        return mean, _LOG_VARIANCE * tf.tanh(log_variance / _LOG_VARIANCE)

    def loss(self, batch: Batch, seed: Seed) -> Terms:
        """−ELBO = −E_q[log p(x|z)] + β KL(q(z|x) ‖ p(z)), equation 10 with one sample z = μ + σ ε."""
        mean, log_variance = self.posterior(batch.x, training=True)
        z = mean + tf.exp(0.5 * log_variance) * seed.normal((self.latent,))
        logits = self.decoder(z, training=True)
        return {
            "reconstruction": reconstruction.bernoulli(to_wire(batch.x), logits),
            "kl": self.beta * divergence.kl_standard_normal(mean, log_variance),
        }

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """Both networks."""
        return self.networks

    def encode(self, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> μ and log σ² of q(z|x), (B, D) each."""
        mean, log_variance = self.posterior(from_wire(images), training=False)
        return {"mean": mean, "log_variance": log_variance}

    def decode(self, codes: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Codes (B, D) -> the mean of p(x|z), images in [0, 1]."""
        return {"images": tf.sigmoid(self.decoder(codes, training=False))}

    def reconstruct(self, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> their reconstructions from μ, and the mean squared error of each (B,)."""
        again = self.decode(self.encode(images)["mean"])["images"]
        return {"images": again, "error": mean_squared_error(images, again)}

    def sample(self, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Seeds (B,) -> images in [0, 1]; row i depends on seed[i] alone."""
        return self.decode(Seed.of(seed).normal((self.latent,)))

    def log_likelihood(self, images: tf.Tensor, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """log p(x) in nats (B,), by importance sampling from q(z|x): Burda et al., arXiv 1509.00519, equation 8.

        A lower bound in expectation, closer with more samples.
        """
        k, x = self.importance_samples, images
        mean, log_variance = (t[:, None] for t in self.posterior(from_wire(x), training=False))
        z = mean + tf.exp(0.5 * log_variance) * Seed.of(seed).normal((k, self.latent))
        logits = self.decoder(tf.reshape(z, (-1, self.latent)), training=False)
        log_px = -tf.reshape(reconstruction.bernoulli(tf.repeat(x, k, axis=0), logits), (-1, k))
        log_w = log_px + divergence.log_normal(z) - divergence.log_normal(z, mean, log_variance)
        return {"log_likelihood": tf.reduce_logsumexp(log_w, axis=1) - math.log(k)}

    def signatures(self) -> Mapping[str, Signature]:
        """sample, encode, decode, reconstruct, log_likelihood."""
        images, seed = images_spec(self.spec), seed_spec()
        codes = tf.TensorSpec((None, self.latent), tf.float32)
        return {
            "sample": Signature(self.sample, {"seed": seed}),
            "encode": Signature(self.encode, {"images": images}),
            "decode": Signature(self.decode, {"codes": codes}),
            "reconstruct": Signature(self.reconstruct, {"images": images}),
            "log_likelihood": Signature(self.log_likelihood, {"images": images, "seed": seed}),
        }

    def pictures(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Draws from the prior, then originals beside their reconstructions."""
        drawn = from_wire(self.decode(seed.normal((self.latent,)))["images"])
        again = from_wire(self.reconstruct(to_wire(batch.x))["images"])
        return tf.concat([drawn, interleave(batch.x, again)], axis=0)
