"""Explanation-guided training: the generator learns most where an explanation says that the discriminator looked.

Nagisetty, Graves, Scott & Ganesh, xAI-GAN, arXiv 2002.10438, equation 3. The explanation is what LIME's tends to on a
grid of square parts: its coefficient of a part is Σ ∂D/∂x (x − baseline) over it, exactly so for a linear D (Garreau &
Mardaoui, arXiv 2102.06307). The paper's own LIME arm had one to three segments a picture.
"""

from collections.abc import Callable

import tensorflow as tf


def importance(D: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor, pixels: int = 4) -> tf.Tensor:
    """How much each part of an image decides: |Σ ∂D/∂x (x − black)| over squares of `pixels`, with mean 1.

    Args:
      D: images -> logits (B,).
      x: images (B, H, W, C) in [-1, 1].

    Returns:
      (B, H, W, 1), the same within a part; no gradient passes it.
    """
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = tf.reduce_sum(D(x))
    each = tf.reduce_sum(tape.gradient(logits, x) * (x + 1.0), axis=-1, keepdims=True)
    parts = tf.abs(tf.nn.avg_pool2d(each, pixels, pixels, "SAME"))
    parts /= tf.reduce_mean(parts, axis=(1, 2), keepdims=True) + 1e-12
    whole = tf.repeat(tf.repeat(parts, pixels, axis=1), pixels, axis=2)
    return tf.stop_gradient(whole[:, : x.shape[1], : x.shape[2]])


def guided(x: tf.Tensor, D: Callable[[tf.Tensor], tf.Tensor], share: float) -> tf.Tensor:
    """x itself, whose gradient is multiplied by 1 − share + share · `importance`: on the mean as strong as before."""
    weight = 1.0 - share + share * importance(D, x)

    @tf.custom_gradient
    def passed(value: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        return tf.identity(value), lambda upstream: upstream * weight

    return passed(x)
