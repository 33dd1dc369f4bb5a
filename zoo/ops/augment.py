"""Differentiable augmentation of a discriminator's inputs: Zhao et al., arXiv 2006.10738.

Real and generated images are changed at random in the same way, and the generator's gradient passes through. Each row
has its own noise. Everything compiles with XLA and has a second derivative.
"""

from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

from zoo.core.errors import UserError, unknown
from zoo.core.features import Feature
from zoo.core.random import Seed

Change = Callable[[tf.Tensor, Seed], tf.Tensor]
"""(images (B, H, W, C) in about [-1, 1], seed) -> images."""


def colour(x: tf.Tensor, seed: Seed) -> tf.Tensor:
    """Adds up to ±½ of brightness, multiplies saturation by 0 to 2 and contrast by ½ to 1½."""
    light, saturation, contrast = tf.unstack(seed.fold("colour").uniform((3, 1, 1, 1)), axis=1)
    x = x + light - 0.5
    grey = tf.reduce_mean(x, axis=3, keepdims=True)
    x = grey + 2.0 * saturation * (x - grey)
    mean = tf.reduce_mean(x, axis=[1, 2, 3], keepdims=True)
    return mean + (contrast + 0.5) * (x - mean)


def translation(x: tf.Tensor, seed: Seed) -> tf.Tensor:
    """Shifts by up to an eighth of each side, in whole pixels, and fills with zeros (grey)."""
    down, right = tf.unstack(seed.fold("translation").uniform((2,), -1.0, 1.0), axis=1)
    return tf.einsum("bij,bjkc,blk->bilc", _shift(x.shape[1], down), x, _shift(x.shape[2], right))


def _shift(side: int, by: tf.Tensor) -> tf.Tensor:
    """Matrices (B, side, side) that shift by `by` (B,) eighths of a side, rounded to whole pixels."""
    steps = tf.cast(tf.round(by * (side / 8)), tf.int32)
    return tf.one_hot(tf.range(side)[None] - steps[:, None], side)


def cutout(x: tf.Tensor, seed: Seed) -> tf.Tensor:
    """Sets a rectangle of half of each side, at a random position, to zero (grey)."""
    centres = tf.unstack(seed.fold("cutout").uniform((2,)), axis=1)
    rows, columns = (_near(side, centre) for side, centre in zip(x.shape[1:3], centres, strict=True))
    return x * (1.0 - rows[:, :, None, None] * columns[:, None, :, None])


def _near(side: int, centre: tf.Tensor) -> tf.Tensor:
    """1 for the pixels of a side at most a quarter of it away from the centre (B,) in [0, 1), else 0: (B, side)."""
    places = (tf.range(side, dtype=tf.float32) + 0.5) / side
    return tf.cast(tf.abs(places[None] - centre[:, None]) < 0.25, tf.float32)


CHANGES: Mapping[str, Change] = {"colour": colour, "translation": translation, "cutout": cutout}


def augmentation(names: Sequence[str], feature: Feature) -> Change:
    """The changes of these names, one after another; without names x stays as it is.

    Errors: UserError for a name that is not known, and for a feature other than an image.
    """
    for name in names:
        if name not in CHANGES:
            raise unknown("augmentation", name, CHANGES)
    if names and feature.kind != "image":
        raise UserError(f"augment={','.join(names)} is for images; this data has {feature.describe()}. Leave it out.")

    def change(x: tf.Tensor, seed: Seed) -> tf.Tensor:
        for name in names:
            x = CHANGES[name](x, seed)
        return x

    return change
