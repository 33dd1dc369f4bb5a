"""Normalisation of a layer's outputs or weights."""

import keras
from keras import layers

from zoo.networks.spectral import SpectralNormalised

NORMS = ("batch", "none", "spectral")
"""The choices for a discriminator."""


def normalised(x: keras.KerasTensor, norm: str = "batch") -> keras.KerasTensor:
    """x after batch normalisation, or instance normalisation (Ulyanov et al., arXiv 1607.08022); x itself otherwise."""
    if norm == "batch":
        return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=True)(x)
    return layers.GroupNormalization(groups=-1)(x) if norm == "instance" else x


def bounded(layer: layers.Layer, norm: str) -> layers.Layer:
    """The layer; if `norm` is spectral, with its kernel divided by its spectral norm."""
    return SpectralNormalised(layer) if norm == "spectral" else layer


def biased(norm: str) -> bool:
    """Whether a layer before this norm has a bias: batch and instance normalisation would remove it."""
    return norm not in ("batch", "instance")
