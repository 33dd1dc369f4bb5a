"""Networks for translation: smaller ones than Zhu et al., arXiv 1703.10593, section 7.2, with zero padding.

The generator is the residual one of Johnson et al., arXiv 1603.08155, with instance normalisation; the discriminator
scores patches (Isola et al., arXiv 1611.07004, section 3.2.2).
"""

from functools import partial

import keras
from keras import layers

from zoo.networks.conv import cropped, sides
from zoo.networks.norms import biased, bounded, normalised
from zoo.networks.own import Own, check_names, choose

Pair = tuple[keras.Model, keras.Model]


def two_domains(
    a: tuple[int, ...], b: tuple[int, ...], *, width: int, blocks: int, own: Own | None = None
) -> tuple[Pair, Pair]:
    """(G: A -> B, F: B -> A) and (D_A, D_B), for domains A and B of images (H, W, C).

    Args:
      width: channels of the translators at full resolution; the discriminators have twice as many.
      blocks: residual blocks of each translator.
      own: the user's `a_to_b`, `b_to_a`, `discriminator_a` and `discriminator_b`, instead of these.
    """
    check_names(own, ("a_to_b", "b_to_a", "discriminator_a", "discriminator_b"))

    def translating(name: str, of: tuple[int, ...], to: tuple[int, ...]) -> keras.Model:
        build = partial(translator, of, to[-1], width=width, blocks=blocks, name=name)
        return choose(own, name, of, to, build)

    def discriminating(name: str, of: tuple[int, ...]) -> keras.Model:
        return choose(own, name, of, (None, None), partial(patch_discriminator, of, width=2 * width, name=name))

    translators = translating("a_to_b", a, b), translating("b_to_a", b, a)
    return translators, (discriminating("discriminator_a", a), discriminating("discriminator_b", b))


def _active(x: keras.KerasTensor) -> keras.KerasTensor:
    """SiLU, which is smooth: with ReLU, a flat background could be all at its kink, where rounding errors decide."""
    return layers.Activation("silu")(x)


def _convolved(x: keras.KerasTensor, channels: int, kernel: int = 3, strides: int = 1) -> keras.KerasTensor:
    return normalised(layers.Conv2D(channels, kernel, strides, "same", use_bias=False)(x), "instance")


def translator(
    shape: tuple[int, ...], channels: int, *, width: int = 32, blocks: int = 4, name: str = "generator"
) -> keras.Model:
    """Images (B, H, W, C) in [-1, 1] -> (B, H, W, channels) in [-1, 1].

    Sides are halved twice, those of images of less than 16 pixels once. Residual blocks are at the lowest resolution.

    Args:
      width: channels at full resolution; they double at each level below.
      blocks: residual blocks.

    Errors: UserError for images of less than 8 x 8 pixels.
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
        x = cropped(x, levels[level])
    x = layers.Conv2D(channels, 7, padding="same")(x)
    return keras.Model(image, layers.Activation("tanh", dtype="float32")(x), name=name)


def patch_discriminator(
    shape: tuple[int, ...], *, width: int = 32, norm: str = "instance", name: str = "discriminator"
) -> keras.Model:
    """Images (B, H, W, C) in [-1, 1] -> logits (B, H / 4, W / 4), one for each patch of 22 x 22 pixels.

    Args:
      norm: instance, batch, none or spectral.
    """
    image = keras.Input(shape)
    x = layers.LeakyReLU(0.2)(bounded(layers.Conv2D(width, 4, 2, "same"), norm)(image))
    x = bounded(layers.Conv2D(2 * width, 4, 2, "same", use_bias=biased(norm)), norm)(x)
    x = layers.LeakyReLU(0.2)(normalised(x, norm))
    x = bounded(layers.Conv2D(1, 4, padding="same", dtype="float32"), norm)(x)
    return keras.Model(image, layers.Reshape(x.shape[1:3], dtype="float32")(x), name=name)
