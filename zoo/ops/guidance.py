"""Explanation-guided training: the generator's gradient is larger where an explanation finds D's decision.

Nagisetty, Graves, Scott & Ganesh, xAI-GAN, arXiv 2002.10438, equation 3. The explanation is the limit of LIME's on a
grid of square parts: the coefficient of a part is Σ ∂D/∂x (x − baseline) over it, exactly for a linear D (Garreau &
Mardaoui, arXiv 2102.06307). The paper's own LIME runs had one to three segments an image.
"""

from collections.abc import Callable

import tensorflow as tf


def importance(D: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor, pixels: int = 4) -> tf.Tensor:
    """The importance of each part of an image for D's logit: |Σ ∂D/∂x (x − black)| over the part, divided by the mean.

    Args:
      D: images -> logits (B,).
      x: images (B, H, W, C) in [-1, 1].
      pixels: side of the square parts.

    Returns:
      (B, H, W, 1), constant within a part; no gradient passes through.
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
    """x itself, with its gradient multiplied by 1 − share + share · `importance`, which is 1 on average."""
    weight = 1.0 - share + share * importance(D, x)

    @tf.custom_gradient
    def passed(value: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        return tf.identity(value), lambda upstream: upstream * weight

    return passed(x)
