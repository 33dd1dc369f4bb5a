"""Search of a generator's latent space for the image that is most like a given one, or like its known part.

Image completion: Yeh et al., arXiv 1607.07539. With nothing hidden, the remaining difference is an anomaly score:
Schlegl et al., arXiv 1703.05921.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from serving.protocol import versions
from zoo.core.errors import UserError
from zoo.core.random import Seed
from zoo.display.progress import Bar

Generate = Callable[[tf.Tensor], tf.Tensor]
"""Latents (B, Z) -> images (B, H, W, C) in [0, 1], differentiable."""


class Found(NamedTuple):
    """The best of several searches for each image.

    Attributes:
      latents: float32 (N, Z).
      images: generated from them, float32 (N, H, W, C) in [0, 1].
      error: mean absolute difference over the known part, (N,).
    """

    latents: np.ndarray
    images: np.ndarray
    error: np.ndarray


def search(
    generate: Generate,
    target: np.ndarray,
    known: np.ndarray,
    latent: int,
    *,
    realism: Callable[[tf.Tensor], tf.Tensor] | None = None,
    seed: int = 0,
    starts: int = 4,
    steps: int = 200,
    rate: float = 0.05,
) -> Found:
    """Minimises |G(z) − y| over the known part plus 0.003 times `realism`, equation 7, from several starts.

    Args:
      target: y (N, H, W, C) in [0, 1].
      known: 1 where y counts and 0 where it is hidden, (H, W, 1).
      latent: Z.
      realism: a loss of images, (B,), which is lower for more realistic ones.
      rate: Adam's learning rate; latents start from N(0, I).
    """
    y = tf.repeat(tf.constant(target, tf.float32), starts, axis=0)
    mask = tf.constant(known, tf.float32)
    size = tf.reduce_sum(mask) * y.shape[-1]
    z = keras.Variable(Seed.of(tf.range(y.shape[0])).fold(seed).normal((latent,)))
    adam = keras.optimizers.Adam(rate)
    adam.build([z])

    def error(images: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(mask * tf.abs(images - y), axis=[1, 2, 3]) / size

    @tf.function
    def step() -> None:
        with tf.GradientTape() as tape:
            images = generate(z.value)
            loss = error(images) + (0.003 * realism(images) if realism else 0.0)
        adam.apply([tape.gradient(loss, z.value)], [z])

    with Bar(total=steps, unit="steps", label="search") as bar:
        for _ in range(steps):
            step()
            bar.update()
    images = generate(z.value)
    left = error(images).numpy().reshape(-1, starts)
    best = np.arange(len(target)) * starts + np.argmin(left, axis=1)
    return Found(z.numpy()[best], images.numpy()[best], left.min(axis=1))


def hidden(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The known part of images (H, W, C) where `name` is hidden, float32 (H, W, 1); center is half of each side."""
    known = np.ones((*shape[:2], 1), np.float32)
    known[HIDDEN[name](*shape[:2])] = 0.0
    return known


HIDDEN: Mapping[str, Callable[[int, int], Any]] = {
    "center": lambda h, w: np.s_[h // 4 : h - h // 4, w // 4 : w - w // 4],
    "left": lambda h, w: np.s_[:, : w // 2],
    "right": lambda h, w: np.s_[:, w - w // 2 :],
    "top": lambda h, w: np.s_[: h // 2],
    "bottom": lambda h, w: np.s_[h - h // 2 :],
    "none": lambda h, w: np.s_[:0],
}


class Exported:
    """The latest version of an exported GAN, loaded into this process for its gradients.

    Errors: UserError where there is none, or its generator takes more than latents.
    """

    def __init__(self, models: Path, name: str) -> None:
        folder = versions.latest(models / name)
        if folder is None:
            raise UserError(
                f"There is no model {name!r} in {models}. `zoo export RUN --models {models}` puts one there."
            )
        self._model = tf.saved_model.load(str(folder))
        self._signatures = self._model.signatures
        if not {"generate", "discriminate"} <= set(self._signatures) or self._inputs("generate") != ["latents"]:
            raise UserError(
                f"{name} does not generate from latents alone, which this searches. Use gan, dcgan or wgan."
            )

    def _inputs(self, signature: str) -> list[str]:
        return sorted(self._signatures[signature].structured_input_signature[1])

    @property
    def latent(self) -> int:
        """Z."""
        return int(self._signatures["generate"].structured_input_signature[1]["latents"].shape[1])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of an image."""
        return tuple(self._signatures["discriminate"].structured_input_signature[1]["images"].shape[1:])

    def generate(self, latents: tf.Tensor) -> tf.Tensor:
        """Latents (B, Z) -> images in [0, 1]."""
        return self._signatures["generate"](latents=latents)["images"]

    def realism_loss(self, images: tf.Tensor) -> tf.Tensor:
        """−log D(x), or −score of a critic, (B,)."""
        answer = self._signatures["discriminate"](images=images)
        return tf.nn.softplus(-answer["logits"]) if "logits" in answer else -answer["score"]
