"""How far a reconstruction is from its original: summed over the features of each example."""

import tensorflow as tf


def _sum(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(values, axis=list(range(1, values.shape.rank)))


def squared_error(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Σ (x − y)², (B, ...) twice -> (B,)."""
    return _sum(tf.math.squared_difference(x, y))


def bernoulli(x: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """−log p(x | logits) in nats for x in [0, 1], the binary cross-entropy: (B, ...) twice -> (B,).

    For grey values between 0 and 1 this is the cross-entropy, not a normalised density (Loaiza-Ganem &
    Cunningham, arXiv 1907.06845).
    """
    return _sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits))
