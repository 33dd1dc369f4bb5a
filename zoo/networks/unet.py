"""A discriminator with a logit for every pixel: a U-Net (Ronneberger et al., arXiv 1505.04597).

Schönfeld et al., arXiv 2002.12655, section 3.1, use it as a discriminator; of their two outputs this has the decoder's.
"""

import keras
from keras import layers

from zoo.networks.conv import cropped, sides
from zoo.networks.norms import biased, bounded, normalised


def unet_discriminator(shape: tuple[int, ...], *, width: int = 32, norm: str = "none") -> keras.Model:
    """Images (B, H, W, C) in [-1, 1] -> logits (B, H, W); `width` channels at the full resolution, doubling below.

    Args:
      norm: batch, none or spectral.
    """
    levels, image = sides(shape), keras.Input(shape)

    def convolved(x: keras.KerasTensor, level: int, kernel: int, strides: int = 1) -> keras.KerasTensor:
        layer = layers.Conv2D(width * 2**level, kernel, strides, "same", use_bias=biased(norm))
        return layers.LeakyReLU(0.2)(normalised(bounded(layer, norm)(x), norm))

    x = layers.LeakyReLU(0.2)(bounded(layers.Conv2D(width, 3, padding="same"), norm)(image))
    skipped = []
    for level in range(1, len(levels)):
        skipped.append(x)
        x = convolved(x, level, 4, 2)
    for level in range(len(levels) - 2, -1, -1):
        x = cropped(layers.UpSampling2D()(x), levels[level])
        x = convolved(layers.Concatenate()([x, skipped[level]]), level, 3)
    x = bounded(layers.Conv2D(1, 1, dtype="float32"), norm)(x)
    return keras.Model(image, layers.Reshape(shape[:2], dtype="float32")(x), name="discriminator")
