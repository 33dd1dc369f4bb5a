"""The conditional pair of a level of the Laplacian pyramid. Denton et al., arXiv 1506.05751, section 4.2.

All convolutions keep the resolution in the generator: what it draws is detail, and where it belongs is in the picture
that it is given.
"""

import keras
from keras import layers


def residual_generator(shape: tuple[int, ...], *, width: int = 64) -> keras.Model:
    """A blurred image (B, H, W, C) and a plane of noise (B, H, W, 1) -> the detail that it lacks, (B, H, W, C)."""
    low, noise = keras.Input(shape), keras.Input((*shape[:2], 1))
    x = layers.Concatenate()([low, noise])
    for _ in range(3):
        x = layers.Conv2D(width, 5, padding="same", activation="relu")(x)
    x = layers.Conv2D(shape[2], 5, padding="same")(x)
    return keras.Model([low, noise], layers.Activation("linear", dtype="float32")(x), name="generator")


def residual_discriminator(shape: tuple[int, ...], *, width: int = 64) -> keras.Model:
    """A blurred image and a detail, (B, H, W, C) each -> logits (B,) of the detail being the image's own."""
    low, detail = keras.Input(shape), keras.Input(shape)
    x = layers.Concatenate()([layers.Add()([low, detail]), low])
    for times in (1, 2):
        x = layers.Conv2D(times * width, 5, 2, "same")(x)
        x = layers.LeakyReLU(0.2)(x)
    x = layers.Dense(1, dtype="float32")(layers.Flatten()(x))
    return keras.Model([low, detail], layers.Reshape((), dtype="float32")(x), name="discriminator")
