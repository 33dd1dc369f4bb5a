"""A generator with sub-pixel convolutions: Shi et al., arXiv 1609.05158."""

import math

import keras
from keras import layers

from zoo.networks.conv import cropped, sides
from zoo.networks.norms import normalised
from zoo.networks.srresnet import PixelShuffle


def generator(latent: int, shape: tuple[int, ...], *, width: int = 32) -> keras.Model:
    """(B, latent) -> images (B, *shape) in [-1, 1]; `width` channels at half the full resolution, doubling below."""
    levels = sides(shape)
    z, channels = keras.Input((latent,)), width * 2 ** (len(levels) - 2)
    x = layers.Reshape((*levels[-1], channels))(layers.Dense(math.prod(levels[-1]) * channels)(z))
    for level in range(len(levels) - 2, -1, -1):
        x = layers.ReLU()(normalised(x))
        channels = width * 2 ** (level - 1) if level else shape[-1]
        x = PixelShuffle()(layers.Conv2D(4 * channels, 3, padding="same", use_bias=level == 0)(x))
        x = cropped(x, levels[level])
    return keras.Model(z, layers.Activation("tanh", dtype="float32")(x), name="generator")
