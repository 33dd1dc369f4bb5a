"""Conditional generators and discriminators for the levels of a Laplacian pyramid.

Denton et al., arXiv 1506.05751, section 4.2. The generator's convolutions keep the resolution.
"""

from typing import NamedTuple

import keras
from keras import layers

from zoo.networks.conv import sides


class Level(NamedTuple):
    """Networks of one resolution.

    Attributes:
      size: (H, W).
      G: [blurred images l (B, H, W, C), noise (B, H, W, 1)] -> the detail h that l lacks, (B, H, W, C).
      D: [l, h] -> logits (B,).
    """

    size: tuple[int, int]
    G: keras.Model
    D: keras.Model


def levels(shape: tuple[int, ...], *, width: int = 64) -> list[Level]:
    """Networks for each resolution of images of this shape, the finest first. Errors: UserError for small images."""
    shapes = [(*size, shape[-1]) for size in sides(shape)]
    return [Level(s[:2], residual_generator(s, width=width), residual_discriminator(s, width=width)) for s in shapes]


def residual_generator(shape: tuple[int, ...], *, width: int = 64) -> keras.Model:
    """A blurred image (B, H, W, C) and a plane of noise (B, H, W, 1) -> the detail that it lacks, (B, H, W, C)."""
    low, noise = keras.Input(shape), keras.Input((*shape[:2], 1))
    x = layers.Concatenate()([low, noise])
    for _ in range(3):
        x = layers.Conv2D(width, 5, padding="same", activation="relu")(x)
    x = layers.Conv2D(shape[2], 5, padding="same")(x)
    return keras.Model([low, noise], layers.Activation("linear", dtype="float32")(x), name="generator")


def residual_discriminator(shape: tuple[int, ...], *, width: int = 64) -> keras.Model:
    """A blurred image and a detail, (B, H, W, C) each -> logits (B,) that the detail is real."""
    low, detail = keras.Input(shape), keras.Input(shape)
    x = layers.Concatenate()([layers.Add()([low, detail]), low])
    for times in (1, 2):
        x = layers.Conv2D(times * width, 5, 2, "same")(x)
        x = layers.LeakyReLU(0.2)(x)
    x = layers.Dense(1, dtype="float32")(layers.Flatten()(x))
    return keras.Model([low, detail], layers.Reshape((), dtype="float32")(x), name="discriminator")
