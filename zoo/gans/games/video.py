"""Videos of a class, against several discriminators with a view of them each."""

import abc
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import keras
import tensorflow as tf

from zoo.core import features
from zoo.core.conditions import example_conditions
from zoo.core.features import Spec
from zoo.core.model import Batch, GenerativeModel, Player, Signature, Terms
from zoo.core.random import Seed
from zoo.losses.adversarial import AdversarialLoss
from zoo.networks.spectral import advance
from zoo.ops.resize import shrink

View = Callable[[tf.Tensor, tf.Tensor, Seed | None], Sequence[tf.Tensor]]
"""(videos (B, T, H, W, C), labels (B,), seed) -> a discriminator's inputs and their labels; without a seed, of all
frames."""


def half_resolution(videos: tf.Tensor, label: tf.Tensor, seed: Seed | None) -> Sequence[tf.Tensor]:
    """All frames, each side halved: φ of section 3.2, for D_T."""
    return shrink(videos, 2), label


def some_frames(k: int) -> View:
    """k frames of each video, sampled without replacement, as single images: for D_S, section 3.2."""

    def view(videos: tf.Tensor, label: tf.Tensor, seed: Seed | None) -> Sequence[tf.Tensor]:
        frames = videos.shape[1]
        if seed:
            chosen = tf.math.top_k(seed.fold("frames").uniform((frames,)), min(k, frames)).indices
            videos = tf.gather(videos, chosen, batch_dims=1)
        return tf.reshape(videos, (-1, *videos.shape[2:])), tf.repeat(label, videos.shape[1])

    return view


class Video(GenerativeModel):
    """G generates videos of a class; each discriminator scores its view of them.

    Args:
      spec: of videos (T, H, W, C) with a label.
      G: [latents (B, Z), labels (B,)] -> videos (B, T, H, W, C) in [-1, 1].
      discriminators: by name: [view, label] -> logits, and its view.
      loss: of the discriminators' logits.
    """

    def __init__(
        self,
        spec: Spec,
        G: keras.Model,
        discriminators: Mapping[str, tuple[keras.Model, View]],
        *,
        loss: AdversarialLoss,
    ) -> None:
        self.spec, self.G, self.discriminators, self.adversarial_loss = spec, G, discriminators, loss
        self.latent: int = G.input_shape[0][-1]
        networks = [D for D, _ in discriminators.values()]
        self.players = [
            Player("discriminators", networks, self.discriminators_loss, constraint=partial(advance, *networks)),
            Player("generator", [G], self.generator_loss),
        ]

    @abc.abstractmethod
    def discriminators_loss(self, batch: Batch, seed: Seed) -> Terms:
        """The loss of all discriminators."""

    @abc.abstractmethod
    def generator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """The generator's loss."""

    def generated(self, label: tf.Tensor, seed: Seed, *, training: bool = False) -> tf.Tensor:
        """G(z, y): videos (B, T, H, W, C) in [-1, 1]."""
        return self.G([seed.normal((self.latent,)), label], training=training)

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """The generator."""
        return [self.G]

    def sample(self, seed: tf.Tensor, label: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Seeds and labels (B,) -> videos (B, T, H, W, C); row i depends on seed[i] and label[i] alone."""
        return {"x": self.generated(label, Seed.of(seed))}

    def discriminate(self, name: str, x: tf.Tensor, label: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Videos (B, T, H, W, C) and labels (B,) -> the named discriminator's scores, means over its view, (B,)."""
        D, view = self.discriminators[name]
        logits = D(view(x, label, None), training=False)
        return self.adversarial_loss.scores(tf.reshape(logits, (tf.shape(x)[0], -1)))

    def signatures(self) -> Mapping[str, Signature]:
        """sample; discriminate_NAME for each discriminator: discriminate_frames, discriminate_motion."""
        x, label = {"x": self.spec.feature}, {"label": self.spec.features["label"]}
        scores = self.adversarial_loss.score_features
        return {
            "sample": Signature(self.sample, {"seed": features.seed(), **label}, x),
            **{
                f"discriminate_{name}": Signature(partial(self.discriminate, name), {**x, **label}, scores)
                for name in self.discriminators
            },
        }

    def preview(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Samples of each class in turn."""
        return self.generated(example_conditions(self.spec, tf.shape(seed.rows)[0])["label"], seed)
