"""The all-convolutional pair of Radford, Metz & Chintala, arXiv 1511.06434.

Strided convolutions instead of pooling, no dense layers, batch normalisation except at the generator's output and the
discriminator's input. Sides are halved, rounding up, until the shorter one is at most 7.
"""

import math

import keras
from keras import layers

from zoo.networks.conv import cropped, sides
from zoo.networks.norms import biased, bounded, normalised


def _normal() -> keras.Initializer:
    """N(0, 0.02²), a new object for each layer: an initializer draws its seed when it is made."""
    return keras.initializers.RandomNormal(stddev=0.02)


def generator(latent: int, shape: tuple[int, ...], *, width: int = 64) -> keras.Model:
    """(B, latent) -> images (B, *shape) in [-1, 1]; `width` channels at half the finest resolution, doubling below."""
    *finer, coarsest = sides(shape)
    z = keras.Input((latent,))
    x = layers.Reshape((1, 1, latent))(z)
    channels = width * 2 ** (len(finer) - 1)
    x = layers.Conv2DTranspose(channels, coarsest, use_bias=False, kernel_initializer=_normal())(x)
    x = layers.ReLU()(normalised(x))
    for level in range(len(finer) - 1, -1, -1):
        if level:
            channels //= 2
            x = layers.Conv2DTranspose(channels, 4, 2, "same", use_bias=False, kernel_initializer=_normal())(x)
            x = layers.ReLU()(normalised(cropped(x, finer[level])))
        else:
            x = layers.Conv2DTranspose(shape[2], 4, 2, "same", kernel_initializer=_normal())(x)
            x = cropped(x, finer[level])
    return keras.Model(z, layers.Activation("tanh", dtype="float32")(x), name="generator")


def discriminator(
    shape: tuple[int, ...], *, outputs: tuple[int, ...] = (), width: int = 64, norm: str = "batch"
) -> keras.Model:
    """Images (B, *shape) in [-1, 1] -> logits (B, *outputs).

    Args:
      norm: batch, none or spectral; gradient penalties need one other than batch (arXiv 1704.00028, section 4).
    """
    *finer, coarsest = sides(shape)

    def convolved(x: keras.KerasTensor, channels: int, *options: object, **more: object) -> keras.KerasTensor:
        layer = layers.Conv2D(channels, *options, kernel_initializer=_normal(), **more)
        return bounded(layer, norm)(x)

    x = image = keras.Input(shape)
    for level in range(len(finer)):
        layer_norm = norm if level else "none"
        x = convolved(x, width * 2**level, 4, 2, "same", use_bias=biased(layer_norm))
        x = layers.LeakyReLU(0.2)(normalised(x, layer_norm))
    x = convolved(x, math.prod(outputs), coarsest, dtype="float32")
    return keras.Model(image, layers.Reshape(outputs, dtype="float32")(x), name="discriminator")
