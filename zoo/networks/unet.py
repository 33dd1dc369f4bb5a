"""A discriminator that judges every pixel, knowing the whole image: a U-Net (Ronneberger et al., arXiv 1505.04597).

As a discriminator: Schönfeld et al., arXiv 2002.12655, section 3.1, of whose two outputs this is the decoder's.
"""

import keras
from keras import layers

from zoo.networks.conv import sides


def unet_discriminator(shape: tuple[int, ...], *, width: int = 32) -> keras.Model:
    """Images (B, H, W, C) in [-1, 1] -> logits (B, H, W); `width` channels at the full resolution, doubling below."""
    levels, image = sides(shape), keras.Input(shape)
    x = layers.LeakyReLU(0.2)(layers.Conv2D(width, 3, padding="same")(image))
    skipped = []
    for level in range(1, len(levels)):
        skipped.append(x)
        x = layers.LeakyReLU(0.2)(layers.Conv2D(width * 2**level, 4, 2, "same")(x))
    for level in range(len(levels) - 2, -1, -1):
        x = layers.UpSampling2D()(x)
        x = layers.Cropping2D([(0, n - side) for n, side in zip(x.shape[1:3], levels[level], strict=True)])(x)
        x = layers.Concatenate()([x, skipped[level]])
        x = layers.LeakyReLU(0.2)(layers.Conv2D(width * 2**level, 3, padding="same")(x))
    x = layers.Conv2D(1, 1, dtype="float32")(x)
    return keras.Model(image, layers.Reshape(shape[:2], dtype="float32")(x), name="discriminator")
