"""What is known of codes that are read back from what was drawn with them."""

import math

import tensorflow as tf

from zoo.losses.divergence import log_normal


def mutual_information(codes: tf.Tensor, read: tf.Tensor, categories: int) -> tf.Tensor:
    """L_I = H(c) + log Q(c|x), a bound of the mutual information in nats, (B,). Chen et al., arXiv 1606.03657, eq. 4.

    Args:
      codes: a category, one-hot, drawn evenly, and continuous codes, drawn uniformly in [-1, 1]: (B, K + C).
      read: Q's logits of the category, and its mean of the continuous ones, whose variance is 1: (B, K + C).
      categories: K.
    """
    log_category = -tf.nn.softmax_cross_entropy_with_logits(codes[:, :categories], read[:, :categories])
    continuous, mean = codes[:, categories:], read[:, categories:]
    entropy = math.log(categories) + math.log(2.0) * continuous.shape[1]
    return entropy + log_category + log_normal(continuous, mean, tf.zeros_like(mean))
