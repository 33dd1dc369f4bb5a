"""SRResNet, which enlarges images by sub-pixel convolutions, and the discriminator against it.

Ledig et al., arXiv 1609.04802, section 2.1 and figure 4, with fewer and narrower blocks, and without batch
normalisation (Lim et al., arXiv 1707.02921, section 3.1).
"""

import keras
import tensorflow as tf
from keras import layers

from zoo.core.errors import UserError


class PixelShuffle(layers.Layer):
    """Channels to space: (B, H, W, 4 C) -> (B, 2 H, 2 W, C). Shi et al., arXiv 1609.05158, equation 4."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """See the class."""
        return tf.nn.depth_to_space(x, 2)


def srresnet(channels: int, scale: int, *, width: int = 32, blocks: int = 4) -> keras.Model:
    """Images (B, h, w, C) of any size -> the detail (B, scale h, scale w, C) that interpolation lacks.

    Untrained, the detail is zero. Errors: UserError for a scale other than 2, 4 and 8.
    """
    if scale not in (2, 4, 8):
        raise UserError(f"SRGAN enlarges by scale=2, 4 or 8; received {scale}.")
    low = keras.Input((None, None, channels))
    x = first = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(width, 9, padding="same")(low))
    for _ in range(blocks):
        inner = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(width, 3, padding="same")(x))
        x = layers.Add()([x, layers.Conv2D(width, 3, padding="same")(inner)])
    x = layers.Add()([first, layers.Conv2D(width, 3, padding="same")(x)])
    for _ in range(scale.bit_length() - 1):
        x = PixelShuffle()(layers.Conv2D(4 * width, 3, padding="same")(x))
        x = layers.PReLU(shared_axes=[1, 2])(x)
    detail = layers.Conv2D(channels, 9, padding="same", kernel_initializer="zeros")(x)
    return keras.Model(low, layers.Activation("linear", dtype="float32")(detail), name="srresnet")


def discriminator(channels: int, *, width: int = 32) -> keras.Model:
    """Images (B, H, W, C) of any size -> logits (B,): means over the positions of the last feature map."""
    x = image = keras.Input((None, None, channels))
    for level in range(3):
        for strides in (1, 2):
            x = layers.Conv2D(width * 2**level, 3, strides, "same")(x)
            x = layers.LeakyReLU(0.2)(x)
    x = layers.GlobalAveragePooling2D(dtype="float32")(layers.Conv2D(1, 3, padding="same", dtype="float32")(x))
    return keras.Model(image, layers.Reshape((), dtype="float32")(x), name="discriminator")
