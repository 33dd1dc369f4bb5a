"""A recurrent generator of videos, and discriminators of their frames and of their motion, all class-conditional.

Clark, Donahue & Simonyan, arXiv 1907.06571, appendix A, with fewer and smaller blocks.
"""

import math

import keras
from keras import layers, ops

from zoo.networks.conv import cropped, sides
from zoo.networks.norms import bounded


def generator(latent: int, classes: int, shape: tuple[int, ...], *, width: int = 16) -> keras.Model:
    """Latents (B, Z) and labels (B,) -> videos (B, T, H, W, C) in [-1, 1]; `width` channels at the full resolution.

    At the lowest resolution a convolutional GRU gives a state for each frame; from there each frame is enlarged by
    itself.
    """
    levels = sides(shape[1:])
    channels = width * 2 ** (len(levels) - 1)
    z, (label, embedded) = keras.Input((latent,)), _label(classes, latent)
    x = layers.Dense(math.prod(levels[-1]) * channels, use_bias=False)(layers.Concatenate()([z, embedded]))
    x = _rectified(layers.Reshape((*levels[-1], channels))(x))
    x = ops.reshape(_recurrent(x, shape[0]), (-1, *x.shape[1:]))
    for level in levels[-2::-1]:
        channels //= 2
        x = _enlarged(x, channels, level)
    x = layers.Conv2D(shape[-1], 3, padding="same")(x)
    video = ops.reshape(layers.Activation("tanh", dtype="float32")(x), (-1, *shape))
    return keras.Model([z, label], video, name="generator")


def _enlarged(x: keras.KerasTensor, channels: int, size: tuple[int, int]) -> keras.KerasTensor:
    """x at twice the resolution, cropped to `size`."""
    x = layers.Conv2D(channels, 3, padding="same", use_bias=False)(layers.UpSampling2D()(x))
    return _rectified(cropped(x, size))


def _rectified(x: keras.KerasTensor) -> keras.KerasTensor:
    """Batch normalisation and ReLU."""
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9, synchronized=True)(x))


def _recurrent(x: keras.KerasTensor, frames: int) -> keras.KerasTensor:
    """A convolutional GRU with the same input x (B, H, W, C) at each frame -> its states (B, T, H, W, C).

    Ballas et al., arXiv 1511.06432, equations 5 to 8.
    """
    channels = x.shape[-1]
    gates = layers.Conv2D(2 * channels, 3, padding="same", activation="sigmoid")
    candidate = layers.Conv2D(channels, 3, padding="same", activation="tanh")
    h, states = ops.zeros_like(x), []
    for _ in range(frames):
        update, reset = ops.split(gates(ops.concatenate([x, h], axis=-1)), 2, axis=-1)
        h = (1.0 - update) * h + update * candidate(ops.concatenate([x, reset * h], axis=-1))
        states.append(h)
    return ops.stack(states, axis=1)


def frame_discriminator(classes: int, shape: tuple[int, ...], *, width: int = 16) -> keras.Model:
    """Frames (B, H, W, C) and labels (B,) -> logits (B,)."""
    frame = keras.Input(shape)
    return _conditional_logits(frame, frame, classes, width, "frame_discriminator")


def motion_discriminator(classes: int, shape: tuple[int, ...], *, width: int = 16) -> keras.Model:
    """Videos (B, T, H, W, C) and labels (B,) -> logits (B,); the frames are the channels of its convolutions."""
    video = keras.Input(shape)
    x = ops.reshape(ops.transpose(video, (0, 2, 3, 1, 4)), (-1, *shape[1:3], shape[0] * shape[3]))
    return _conditional_logits(video, x, classes, width, "motion_discriminator")


def _conditional_logits(
    entry: keras.KerasTensor, x: keras.KerasTensor, classes: int, width: int, name: str
) -> keras.Model:
    """Strided convolutions of x, and a logit conditioned on the label: Miyato & Koyama, arXiv 1802.05637, equation 3.

    All kernels are spectrally normalised.
    """
    while min(x.shape[1:3]) > 3:
        x = layers.LeakyReLU(0.2)(bounded(layers.Conv2D(width, 4, 2, "same"), "spectral")(x))
        width *= 2
    features = layers.Flatten()(x)
    label, embedded = _label(classes, features.shape[-1], "spectral")
    fits = layers.Dot(axes=1, dtype="float32")([features, embedded])
    logit = layers.Add(dtype="float32")([bounded(layers.Dense(1, dtype="float32"), "spectral")(features), fits])
    return keras.Model([entry, label], layers.Reshape((), dtype="float32")(logit), name=name)


def _label(classes: int, size: int, norm: str = "none") -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The input of a label (B,), and its embedding (B, size)."""
    label = keras.Input((), dtype="int64")
    return label, bounded(layers.Dense(size, use_bias=False), norm)(ops.one_hot(label, classes))
