"""Convolutional encoders and decoders. Sides are halved, rounding up, until the shorter one is at most 7."""

import math

import keras
from keras import layers

from zoo.core.errors import UserError


def sides(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """The sides at each resolution, finest first: (28, 28), (14, 14), (7, 7).

    Errors: UserError for images of less than 8 x 8 pixels, and shapes other than (H, W, C).
    """
    if len(shape) != 3 or min(shape[:2]) < 8:
        raise UserError(
            f"Convolutional networks need images of at least 8 x 8 pixels; this data has shape {shape}. "
            "Try networks=mlp where the model has it, or --size 16."
        )
    levels = [(shape[0], shape[1])]
    while min(levels[-1]) > 7:
        levels.append(((levels[-1][0] + 1) // 2, (levels[-1][1] + 1) // 2))
    return levels


def cropped(x: keras.KerasTensor, size: tuple[int, int]) -> keras.KerasTensor:
    """Images (B, H', W', C) -> (B, H, W, C) of `size` (H, W): rows at the bottom and columns at the right are cut."""
    return layers.Cropping2D([(0, n - side) for n, side in zip(x.shape[1:3], size, strict=True)])(x)


def _down(x: keras.KerasTensor, shape: tuple[int, ...], width: int) -> keras.KerasTensor:
    """From the finest to the coarsest resolution."""
    for level in range(len(sides(shape)) - 1):
        x = layers.Conv2D(width * 2**level, 4, 2, "same", activation="relu")(x)
    return x


def _up(x: keras.KerasTensor, shape: tuple[int, ...], width: int) -> keras.KerasTensor:
    """From the coarsest resolution to `shape`, linear at the end."""
    levels = sides(shape)
    for level in range(len(levels) - 2, -1, -1):
        channels, activation = (width * 2 ** (level - 1), "relu") if level else (shape[2], None)
        x = layers.Conv2DTranspose(channels, 4, 2, "same", activation=activation)(x)
        x = cropped(x, levels[level])
    return layers.Activation("linear", dtype="float32")(x)


def _coarsest(shape: tuple[int, ...], width: int) -> tuple[int, int, int]:
    levels = sides(shape)
    return (*levels[-1], width * 2 ** (len(levels) - 2))


def encoder(shape: tuple[int, ...], outputs: int, *, width: int = 32, name: str = "encoder") -> keras.Model:
    """Images (B, *shape) -> (B, outputs), float32; `width` channels at half the finest resolution, doubling below."""
    image = keras.Input(shape)
    x = layers.Flatten()(_down(image, shape, width))
    return keras.Model(image, layers.Dense(outputs, dtype="float32")(x), name=name)


def decoder(codes: int, shape: tuple[int, ...], *, width: int = 32, name: str = "decoder") -> keras.Model:
    """Codes (B, codes) -> (B, *shape), linear, float32: the encoder's mirror."""
    z, coarsest = keras.Input((codes,)), _coarsest(shape, width)
    x = layers.Reshape(coarsest)(layers.Dense(math.prod(coarsest), activation="relu")(z))
    return keras.Model(z, _up(x, shape, width), name=name)


def grid_encoder(shape: tuple[int, ...], features: int, *, width: int = 32) -> keras.Model:
    """Images (B, *shape) -> (B, T, features), one row for each of the T places of the coarsest resolution."""
    image = keras.Input(shape)
    x = layers.Conv2D(features, 1)(_down(image, shape, width))
    return keras.Model(image, layers.Reshape((-1, features), dtype="float32")(x), name="encoder")


def grid_decoder(features: int, shape: tuple[int, ...], *, width: int = 32) -> keras.Model:
    """(B, T, features) -> (B, *shape), linear, float32: the grid encoder's mirror."""
    *grid, channels = _coarsest(shape, width)
    z = keras.Input((math.prod(grid), features))
    x = layers.Conv2D(channels, 3, padding="same", activation="relu")(layers.Reshape((*grid, features))(z))
    return keras.Model(z, _up(x, shape, width), name="decoder")
