"""Multi-layer perceptrons."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from zoo.networks.norms import bounded


def mlp(
    inputs: tuple[int, ...],
    hidden: Sequence[int],
    outputs: tuple[int, ...],
    *,
    activation: str = "relu",
    output: str = "linear",
    norm: str = "none",
    name: str = "mlp",
) -> keras.Model:
    """Dense layers between shapes of any rank, (B, *inputs) -> (B, *outputs).

    Args:
      hidden: units of each hidden layer.
      activation: of the hidden layers.
      output: activation of the last layer.
      norm: spectral, or none; batch is the same as none.
    """

    def dense(x: keras.KerasTensor, units: int, **options: Any) -> keras.KerasTensor:
        layer = layers.Dense(units, **options)
        return bounded(layer, norm)(x)

    x = entry = keras.Input(inputs)
    if len(inputs) > 1:
        x = layers.Flatten()(x)
    for units in hidden:
        x = dense(x, units, activation=activation)
    x = dense(x, math.prod(outputs), activation=output, dtype="float32")
    if len(outputs) != 1:
        x = layers.Reshape(outputs, dtype="float32")(x)
    return keras.Model(entry, x, name=name)
