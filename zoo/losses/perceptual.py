"""Distances of images in feature space. Johnson, Alahi & Fei-Fei, arXiv 1603.08155, section 3.2."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from zoo.losses.reconstruction import mean_squared_error


def perceptual_distance(features: Callable[[tf.Tensor], Sequence[tf.Tensor]], x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The mean squared differences of the feature maps, equation 2, summed over maps: (B, H, W, C) twice -> (B,)."""
    pairs = zip(features(x), features(y), strict=True)
    return tf.add_n([mean_squared_error(a, b) for a, b in pairs])
