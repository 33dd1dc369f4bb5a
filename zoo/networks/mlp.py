"""Multi-layer perceptrons."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from zoo.networks.spectral import SpectralNormalised


def mlp(
    inputs: tuple[int, ...],
    hidden: Sequence[int],
    outputs: tuple[int, ...],
    *,
    activation: str = "relu",
    output: str = "linear",
    spectral: bool = False,
    name: str = "mlp",
) -> keras.Model:
    """Dense layers between shapes of any rank, (B, *inputs) -> (B, *outputs).

    Args:
      output: the last one's activation.
      spectral: whether they are normalised by their spectral norms.
    """

    def dense(x: keras.KerasTensor, units: int, **options: Any) -> keras.KerasTensor:
        layer = layers.Dense(units, **options)
        return (SpectralNormalised(layer) if spectral else layer)(x)

    x = entry = keras.Input(inputs)
    if len(inputs) > 1:
        x = layers.Flatten()(x)
    for units in hidden:
        x = dense(x, units, activation=activation)
    x = dense(x, math.prod(outputs), activation=output, dtype="float32")
    if len(outputs) != 1:
        x = layers.Reshape(outputs, dtype="float32")(x)
    return keras.Model(entry, x, name=name)
