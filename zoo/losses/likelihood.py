"""Likelihoods p(x|z), whose parameters are a decoder's outputs, for x in [0, 1]."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tensorflow as tf

from zoo.core.errors import unknown
from zoo.losses import reconstruction
from zoo.losses.divergence import bounded

_LEVELS = 256


@dataclass(frozen=True)
class Likelihood:
    """A family of distributions over examples.

    Attributes:
      parameters: outputs of the decoder for each value of x, side by side in the last axis.
      log_prob: (x (B, *shape) in [0, 1], the decoder's outputs) -> log p(x|z) in nats, (B,), summed over an example.
      mean: the outputs -> the mean of p(x|z), (B, *shape) in [0, 1].
    """

    parameters: int
    log_prob: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    mean: Callable[[tf.Tensor], tf.Tensor]

    def outputs(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape that the decoder must give for data of this shape."""
        return (*shape[:-1], self.parameters * shape[-1])


def _gaussian(x: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    logits, log_variance = tf.split(outputs, 2, axis=-1)
    log_variance = bounded(log_variance)
    squared = tf.math.squared_difference(x, tf.sigmoid(logits)) * tf.exp(-log_variance)
    each = -0.5 * (squared + log_variance + math.log(2.0 * math.pi))
    return tf.reduce_sum(each, axis=list(range(1, each.shape.rank)))


def _logistic(x: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    logits, log_scale = tf.split(outputs, 2, axis=-1)
    over_scale = tf.exp(-bounded(log_scale))
    half = 0.5 / (_LEVELS - 1)
    above = (x - tf.sigmoid(logits) + half) * over_scale
    below = (x - tf.sigmoid(logits) - half) * over_scale
    # log(σ(a) − σ(b)) without the difference: σ(a) − σ(b) = σ(a) σ(−b) (1 − exp(b − a)).
    inside = -tf.nn.softplus(-above) - tf.nn.softplus(below) + tf.math.log(-tf.math.expm1(below - above))
    each = tf.where(x < half, -tf.nn.softplus(-above), tf.where(x > 1.0 - half, -tf.nn.softplus(below), inside))
    return tf.reduce_sum(each, axis=list(range(1, each.shape.rank)))


def _first(outputs: tf.Tensor) -> tf.Tensor:
    return tf.sigmoid(tf.split(outputs, 2, axis=-1)[0])


BERNOULLI = Likelihood(1, lambda x, logits: -reconstruction.bernoulli(x, logits), tf.sigmoid)
"""Each value is 1 with probability σ(output), else 0; for values in between see `reconstruction.bernoulli`."""

GAUSSIAN = Likelihood(2, _gaussian, _first)
"""N(σ(a), exp b) for each value, where a and b are the decoder's outputs; b is limited to ±10."""

LOGISTIC = Likelihood(2, _logistic, _first)
"""The logistic distribution of mean σ(a) and scale exp b, discretised to 256 values: a probability of each grey value.

Kingma et al., arXiv 1606.04934, section 6.2; the first and the last value include the tails.
"""

LIKELIHOODS: Mapping[str, Likelihood] = {"bernoulli": BERNOULLI, "gaussian": GAUSSIAN, "logistic": LOGISTIC}


def get(name: str) -> Likelihood:
    """The likelihood of this name. Errors: UserError with the known ones."""
    if name not in LIKELIHOODS:
        raise unknown("likelihood", name, LIKELIHOODS)
    return LIKELIHOODS[name]
