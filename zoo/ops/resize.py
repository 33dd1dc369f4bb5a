"""Resizing of images inside a training step, with gradients and XLA."""

import tensorflow as tf


def shrink(x: tf.Tensor, factor: int) -> tf.Tensor:
    """Means over squares of factor x factor pixels: images or videos (..., H, W, C) -> (..., H / f, W / f, C).

    Sides that do not divide are rounded up; the last mean is then over the remaining pixels.
    """
    squares = [1] * (len(x.shape) - 4) + [factor, factor]
    beyond = [[0, 0]] * (len(x.shape) - 3) + [[0, -side % factor] for side in x.shape[-3:-1]] + [[0, 0]]
    sums, counts = (tf.nn.avg_pool(tf.pad(v, beyond), squares, squares, "VALID") for v in (x, tf.ones_like(x)))
    return sums / counts


def enlarge(x: tf.Tensor, size: tuple[int, int] | tf.Tensor) -> tf.Tensor:
    """Images (B, h, w, C) -> (B, H, W, C) of size (H, W), by bilinear interpolation."""
    return tf.image.resize(x, size, "bilinear")
