"""Multi-layer perceptrons."""

import math
from collections.abc import Sequence

import keras
from keras import layers


def mlp(
    inputs: tuple[int, ...],
    hidden: Sequence[int],
    outputs: tuple[int, ...],
    *,
    activation: str = "relu",
    output: str = "linear",
    name: str = "mlp",
) -> keras.Model:
    """Dense layers between shapes of any rank, (B, *inputs) -> (B, *outputs); `output` is the last one's activation."""
    x = entry = keras.Input(inputs)
    if len(inputs) > 1:
        x = layers.Flatten()(x)
    for units in hidden:
        x = layers.Dense(units, activation=activation)(x)
    x = layers.Dense(math.prod(outputs), activation=output, dtype="float32")(x)
    if len(outputs) != 1:
        x = layers.Reshape(outputs, dtype="float32")(x)
    return keras.Model(entry, x, name=name)
