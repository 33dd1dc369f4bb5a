"""Residual generator and discriminator: He et al., arXiv 1603.05027, as Gulrajani et al., arXiv 1704.00028, use them.

Sides are as in `zoo.networks.conv`. A block's last convolution is near zero at first (Zhang et al., arXiv 1901.09321),
so that depth needs no normalisation.
"""

import math

import keras
from keras import layers

from zoo.networks.conv import cropped, sides
from zoo.networks.norms import biased, bounded, normalised


def _block(x: keras.KerasTensor, channels: int, norm: str) -> keras.KerasTensor:
    """A residual block: x, projected to `channels`, plus two convolutions of it."""
    inner = x
    # Not zero: then the layers before it would have no gradient, and Adam would make full steps of rounding errors.
    for scale in (2.0, 0.02):
        inner = layers.LeakyReLU(0.2)(normalised(inner, norm))
        initializer = keras.initializers.VarianceScaling(scale)
        convolution = layers.Conv2D(channels, 3, padding="same", use_bias=biased(norm), kernel_initializer=initializer)
        inner = bounded(convolution, norm)(inner)
    if x.shape[-1] != channels:
        x = bounded(layers.Conv2D(channels, 1, use_bias=False), norm)(x)
    return layers.Add()([x, inner])


def generator(latent: int, shape: tuple[int, ...], *, width: int = 32) -> keras.Model:
    """(B, latent) -> images (B, *shape) in [-1, 1]; `width` channels at the full resolution, doubling below."""
    levels = sides(shape)
    z, channels = keras.Input((latent,)), width * 2 ** (len(levels) - 1)
    x = layers.Reshape((*levels[-1], channels))(layers.Dense(math.prod(levels[-1]) * channels)(z))
    for level in range(len(levels) - 2, -1, -1):
        x = layers.UpSampling2D()(x)
        x = cropped(x, levels[level])
        x = _block(x, width * 2**level, "batch")
    x = layers.Conv2D(shape[-1], 3, padding="same")(layers.LeakyReLU(0.2)(normalised(x)))
    return keras.Model(z, layers.Activation("tanh", dtype="float32")(x), name="generator")


def discriminator(
    shape: tuple[int, ...], *, outputs: tuple[int, ...] = (), width: int = 32, norm: str = "none"
) -> keras.Model:
    """Images (B, *shape) in [-1, 1] -> logits (B, *outputs); `width` channels at half the resolution, doubling below.

    Args:
      norm: batch, none or spectral.
    """
    image = keras.Input(shape)
    x = bounded(layers.Conv2D(width, 3, padding="same"), norm)(image)
    for level in range(len(sides(shape)) - 1):
        x = _block(layers.AveragePooling2D(2, padding="same")(x), width * 2**level, norm)
    x = layers.Flatten(dtype="float32")(layers.LeakyReLU(0.2)(x))
    x = bounded(layers.Dense(math.prod(outputs), dtype="float32"), norm)(x)
    return keras.Model(image, layers.Reshape(outputs, dtype="float32")(x), name="discriminator")
