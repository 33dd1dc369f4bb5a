"""Distances between examples and their reconstructions: sums over each example, or means where the name says so."""

import tensorflow as tf


def _sum(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(values, axis=list(range(1, values.shape.rank)))


def squared_error(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Σ (x − y)², (B, ...) twice -> (B,)."""
    return _sum(tf.math.squared_difference(x, y))


def mean_absolute_error(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The mean of |x − y|, (B, ...) twice -> (B,)."""
    return tf.reduce_mean(tf.abs(x - y), axis=list(range(1, len(x.shape))))


def mean_squared_error(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The mean of (x − y)², (B, ...) twice -> (B,)."""
    return tf.reduce_mean(tf.math.squared_difference(x, y), axis=list(range(1, len(x.shape))))


def bernoulli(x: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """−log p(x | logits) in nats for x in [0, 1], the binary cross-entropy: (B, ...) twice -> (B,).

    For values strictly between 0 and 1 it is the cross-entropy, not a normalised density (Loaiza-Ganem & Cunningham,
    arXiv 1907.06845).
    """
    return _sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits))
