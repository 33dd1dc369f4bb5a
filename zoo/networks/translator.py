"""The networks of translation: Zhu et al., arXiv 1703.10593, section 7.2, made smaller; zeros beyond the borders.

The generator is the residual one of Johnson et al., arXiv 1603.08155, with instance normalisation; the discriminator
judges patches, Isola et al., arXiv 1611.07004, section 3.2.2.
"""

import keras
from keras import layers

from zoo.networks.conv import sides


def _normalised(x: keras.KerasTensor) -> keras.KerasTensor:
    """Instance normalisation: Ulyanov et al., arXiv 1607.08022."""
    return layers.GroupNormalization(groups=-1)(x)


def _active(x: keras.KerasTensor) -> keras.KerasTensor:
    """Smooth where ReLU has a kink: on a flat background all places are at it at once, and rounding decides."""
    return layers.Activation("silu")(x)


def _convolved(x: keras.KerasTensor, channels: int, kernel: int = 3, strides: int = 1) -> keras.KerasTensor:
    return _normalised(layers.Conv2D(channels, kernel, strides, "same", use_bias=False)(x))


def translator(
    shape: tuple[int, ...], channels: int, *, width: int = 32, blocks: int = 4, name: str = "generator"
) -> keras.Model:
    """Images (B, H, W, C) in [-1, 1] -> (B, H, W, channels) in [-1, 1], by way of a quarter of the resolution.

    `width` channels at the full resolution, twice and four times as many below; `blocks` residual ones at the bottom.
    Images of less than 16 pixels are halved once. Errors: UserError for less than 8.
    """
    image, levels = keras.Input(shape), sides(shape)[:3]
    x = _active(_convolved(image, width, 7))
    for level in range(1, len(levels)):
        x = _active(_convolved(x, width * 2**level, 3, 2))
    for _ in range(blocks):
        inner = _active(_convolved(x, x.shape[-1]))
        x = layers.Add()([x, _convolved(inner, x.shape[-1])])
    for level in range(len(levels) - 2, -1, -1):
        x = _active(_convolved(layers.UpSampling2D()(x), width * 2**level))
        x = layers.Cropping2D([(0, n - side) for n, side in zip(x.shape[1:3], levels[level], strict=True)])(x)
    x = layers.Conv2D(channels, 7, padding="same")(x)
    return keras.Model(image, layers.Activation("tanh", dtype="float32")(x), name=name)


def patch_discriminator(shape: tuple[int, ...], *, width: int = 32, name: str = "discriminator") -> keras.Model:
    """Images (B, H, W, C) in [-1, 1] -> scores (B, H / 4, W / 4), each of a patch of 22 x 22 pixels."""
    image = keras.Input(shape)
    x = layers.LeakyReLU(0.2)(layers.Conv2D(width, 4, 2, "same")(image))
    x = layers.LeakyReLU(0.2)(_convolved(x, 2 * width, 4, 2))
    x = layers.Conv2D(1, 4, padding="same", dtype="float32")(x)
    return keras.Model(image, layers.Reshape(x.shape[1:3], dtype="float32")(x), name=name)
