"""The evaluators' network: small, without batch statistics or noise, the same for every data set."""

import keras
from keras import layers

FEATURES = 64
_WIDTHS = (32, 64)


def classifier(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Images (B, *shape) -> features (B, 64), at least 0, and logits (B, classes).

    Two stages of convolutions, each of which halves the sides, then a dense layer whose units are the features, so that
    they depend on positions in the image. About 270,000 weights for 28 x 28 pixels.
    """
    x = image = keras.Input(shape)
    for width in _WIDTHS:
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.Conv2D(width, 3, 2, padding="same", activation="relu")(x)
    features = layers.Dense(FEATURES, activation="relu", name="features")(layers.Flatten()(x))
    return keras.Model(image, [features, layers.Dense(classes, name="logits")(features)], name="evaluator")
