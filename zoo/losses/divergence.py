"""Divergences between distributions, in nats."""

import math

import tensorflow as tf


def kl_standard_normal(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ (μ² + σ² − 1 − log σ²): (B, D) twice -> (B,), summed over the code.

    Kingma & Welling, arXiv 1312.6114, appendix B.
    """
    return 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_variance) - 1.0 - log_variance, axis=-1)


def log_normal(z: tf.Tensor, mean: tf.Tensor | float = 0.0, log_variance: tf.Tensor | float = 0.0) -> tf.Tensor:
    """log N(z; μ, σ²), summed over the last axis."""
    squared = (z - mean) ** 2 * tf.exp(-tf.convert_to_tensor(log_variance, z.dtype))
    return -0.5 * tf.reduce_sum(squared + log_variance + math.log(2.0 * math.pi), axis=-1)
