"""The all-convolutional pair of Radford, Metz & Chintala, arXiv 1511.06434.

Strided convolutions instead of pooling, no dense layers, batch normalisation except at the generator's output and the
discriminator's input. Sizes follow from the data: sides are halved, rounding up, while they are above 4 to 7.
"""

import math

import keras
from keras import layers

from zoo.errors import UserError
from zoo.networks.spectral import SpectralNormalised


def _normal() -> keras.Initializer:
    """N(0, 0.02²), one object for each layer: an initializer settles its seed when it is made."""
    return keras.initializers.RandomNormal(stddev=0.02)


def _pyramid(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """The sides at each resolution, finest first: (28, 28), (14, 14), (7, 7)."""
    if len(shape) != 3:
        raise UserError(
            f"DCGAN's networks need images (H, W, C); this data has shape {shape}. Try networks of dense layers."
        )
    if min(shape[:2]) < 8:
        raise UserError(
            f"DCGAN's networks need at least 8 x 8 pixels; this data has {shape[0]} x {shape[1]}. Try --size 16."
        )
    sides = [(shape[0], shape[1])]
    while min(sides[-1]) > 7:
        sides.append(((sides[-1][0] + 1) // 2, (sides[-1][1] + 1) // 2))
    return sides


def _normalise(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=True)(x)


def generator(latent: int, shape: tuple[int, ...], *, width: int = 64) -> keras.Model:
    """(B, latent) -> images (B, *shape) in [-1, 1]; `width` channels at half the finest resolution, doubling below."""
    *finer, coarsest = _pyramid(shape)
    z = keras.Input((latent,))
    x = layers.Reshape((1, 1, latent))(z)
    channels = width * 2 ** (len(finer) - 1)
    x = layers.Conv2DTranspose(channels, coarsest, use_bias=False, kernel_initializer=_normal())(x)
    x = layers.ReLU()(_normalise(x))
    for level in range(len(finer) - 1, -1, -1):
        below = coarsest if level == len(finer) - 1 else finer[level + 1]
        crop = [(0, 2 * low - side) for low, side in zip(below, finer[level], strict=True)]
        if level:
            channels //= 2
            x = layers.Conv2DTranspose(channels, 4, 2, "same", use_bias=False, kernel_initializer=_normal())(x)
            x = layers.ReLU()(_normalise(layers.Cropping2D(crop)(x)))
        else:
            x = layers.Conv2DTranspose(shape[2], 4, 2, "same", kernel_initializer=_normal())(x)
            x = layers.Cropping2D(crop)(x)
    return keras.Model(z, layers.Activation("tanh", dtype="float32")(x), name="generator")


def discriminator(
    shape: tuple[int, ...], *, outputs: tuple[int, ...] = (), width: int = 64, norm: str = "batch"
) -> keras.Model:
    """Images (B, *shape) in [-1, 1] -> logits (B, *outputs).

    norm: batch, none, which gradient penalties want (arXiv 1704.00028, section 4), or spectral.
    """
    *finer, coarsest = _pyramid(shape)

    def convolved(x: keras.KerasTensor, channels: int, *options: object, **more: object) -> keras.KerasTensor:
        layer = layers.Conv2D(channels, *options, kernel_initializer=_normal(), **more)
        return (SpectralNormalised(layer) if norm == "spectral" else layer)(x)

    x = image = keras.Input(shape)
    for level in range(len(finer)):
        normalised = norm == "batch" and level > 0
        x = convolved(x, width * 2**level, 4, 2, "same", use_bias=not normalised)
        x = layers.LeakyReLU(0.2)(_normalise(x) if normalised else x)
    x = convolved(x, math.prod(outputs), coarsest, dtype="float32")
    return keras.Model(image, layers.Reshape(outputs, dtype="float32")(x), name="discriminator")
