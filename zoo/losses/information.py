"""Mutual information between codes and the examples generated from them."""

import math

import tensorflow as tf

from zoo.losses.divergence import log_normal


def mutual_information(codes: tf.Tensor, predicted: tf.Tensor, categories: int) -> tf.Tensor:
    """L_I = H(c) + log Q(c|x), a lower bound of the mutual information in nats, (B,).

    Chen et al., arXiv 1606.03657, equation 4.

    Args:
      codes: a uniformly sampled category, one-hot, and continuous codes, uniform in [-1, 1]: (B, K + C).
      predicted: Q's logits of the category, and its means of the continuous codes, with variance 1: (B, K + C).
      categories: K.
    """
    log_category = -tf.nn.softmax_cross_entropy_with_logits(codes[:, :categories], predicted[:, :categories])
    continuous, mean = codes[:, categories:], predicted[:, categories:]
    entropy = math.log(categories) + math.log(2.0) * continuous.shape[1]
    return entropy + log_category + log_normal(continuous, mean, tf.zeros_like(mean))
