"""What normalises a layer: its outputs, or its weights."""

import keras
from keras import layers

from zoo.networks.spectral import SpectralNormalised

NORMS = ("batch", "none", "spectral")
"""Those that a discriminator may be asked for."""


def normalised(x: keras.KerasTensor, norm: str = "batch") -> keras.KerasTensor:
    """Outputs over the batch, or over the image (`instance`: Ulyanov et al., arXiv 1607.08022); others as they are."""
    if norm == "batch":
        return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=True)(x)
    return layers.GroupNormalization(groups=-1)(x) if norm == "instance" else x


def bounded(layer: layers.Layer, norm: str) -> layers.Layer:
    """The layer, whose weights are divided by their spectral norm where that is asked for."""
    return SpectralNormalised(layer) if norm == "spectral" else layer


def biased(norm: str) -> bool:
    """Whether a layer has a bias under this norm: one of outputs takes it away again."""
    return norm not in ("batch", "instance")
