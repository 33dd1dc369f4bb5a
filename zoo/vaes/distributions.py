"""Posteriors and priors of a VAE's codes."""

import abc
from collections.abc import Sequence
from typing import Protocol, final

import keras
import tensorflow as tf

from zoo.core.random import Seed
from zoo.losses.divergence import bounded, log_normal


class Posterior(abc.ABC):
    """q(z|x), of the encoder's outputs."""

    networks: Sequence[keras.Model] = ()

    @abc.abstractmethod
    def sample(self, hidden: tf.Tensor, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The encoder's outputs (B, H) and standard normal noise (B, D) -> z (B, D) and log q(z|x) (B,)."""

    @abc.abstractmethod
    def centre(self, hidden: tf.Tensor) -> tf.Tensor:
        """The code that stands for x: (B, H) -> (B, D)."""

    @abc.abstractmethod
    def moments(self, hidden: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """μ and log σ² of the normal distribution that q is, or that a flow starts from: (B, D) each."""


@final
class DiagonalNormal(Posterior):
    """N(μ, σ²); the encoder's outputs are μ and log σ² side by side, (B, 2 D), the latter kept within ±10."""

    def moments(self, hidden: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """See Posterior."""
        mean, log_variance = tf.split(hidden, 2, axis=-1)
        return mean, bounded(log_variance)

    def sample(self, hidden: tf.Tensor, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """z = μ + σ ε, equation 10 of arXiv 1312.6114."""
        mean, log_variance = self.moments(hidden)
        z = mean + tf.exp(0.5 * log_variance) * noise
        return z, log_normal(z, mean, log_variance)

    def centre(self, hidden: tf.Tensor) -> tf.Tensor:
        """μ."""
        return self.moments(hidden)[0]


class Inference(Protocol):
    """What a prior uses of its VAE."""

    posterior: Posterior

    def infer(self, x: tf.Tensor) -> tf.Tensor:
        """The encoder's outputs for x."""


class Prior(abc.ABC):
    """p(z)."""

    networks: Sequence[keras.Model] = ()

    @abc.abstractmethod
    def log_prob(self, vae: Inference, z: tf.Tensor) -> tf.Tensor:
        """log p(z) in nats: (B, D) -> (B,)."""

    @abc.abstractmethod
    def sample(self, vae: Inference, seed: Seed) -> tf.Tensor:
        """One code for each row of the seed: (B, D)."""


@final
class StandardNormal(Prior):
    """N(0, I)."""

    def __init__(self, latent: int) -> None:
        self.latent = latent

    def log_prob(self, vae: Inference, z: tf.Tensor) -> tf.Tensor:
        """See Prior."""
        return log_normal(z)

    def sample(self, vae: Inference, seed: Seed) -> tf.Tensor:
        """See Prior."""
        return seed.normal((self.latent,))
