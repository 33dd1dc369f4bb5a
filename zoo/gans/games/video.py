"""Videos of a class, judged by several discriminators, each by its own view of them."""

import abc
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import keras
import tensorflow as tf

from zoo.core.model import (
    Batch,
    GenerativeModel,
    Player,
    Signature,
    Spec,
    Terms,
    from_wire,
    images_spec,
    label_spec,
    seed_spec,
    to_wire,
)
from zoo.core.random import Seed
from zoo.losses.adversarial import AdversarialLoss
from zoo.networks.spectral import advance
from zoo.ops.resize import shrink

View = Callable[[tf.Tensor, tf.Tensor, Seed | None], Sequence[tf.Tensor]]
"""Videos, labels -> what a discriminator sees of them, and the labels of that; all of it where there is no seed."""


def half_resolution(videos: tf.Tensor, label: tf.Tensor, seed: Seed | None) -> Sequence[tf.Tensor]:
    """All frames, each side halved: φ of section 3.2, for D_T."""
    return shrink(videos, 2), label


def some_frames(k: int) -> View:
    """k frames of each video, drawn without replacement, one by one: for D_S, section 3.2."""

    def view(videos: tf.Tensor, label: tf.Tensor, seed: Seed | None) -> Sequence[tf.Tensor]:
        frames = videos.shape[1]
        if seed:
            chosen = tf.math.top_k(seed.fold("frames").uniform((frames,)), min(k, frames)).indices
            videos = tf.gather(videos, chosen, batch_dims=1)
        return tf.reshape(videos, (-1, *videos.shape[2:])), tf.repeat(label, videos.shape[1])

    return view


class Video(GenerativeModel):
    """G draws videos of a class; each judge scores what it sees of them.

    Args:
      G: [latents (B, Z), labels (B,)] -> videos (B, T, H, W, C) in [-1, 1].
      judges: discriminators by name, [view, label] -> logits, each with its view.
    """

    def __init__(
        self, spec: Spec, G: keras.Model, judges: Mapping[str, tuple[keras.Model, View]], *, loss: AdversarialLoss
    ) -> None:
        self.spec, self.G, self.judges, self.pays = spec, G, judges, loss
        self.latent: int = G.input_shape[0][-1]
        networks = [D for D, _ in judges.values()]
        self.players = [
            Player("discriminators", networks, self.discriminators_loss, constraint=partial(advance, *networks)),
            Player("generator", [G], self.generator_loss),
        ]

    @abc.abstractmethod
    def discriminators_loss(self, batch: Batch, seed: Seed) -> Terms:
        """What the judges pay."""

    @abc.abstractmethod
    def generator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """What G pays."""

    def draw(self, label: tf.Tensor, seed: Seed, *, training: bool = False) -> tf.Tensor:
        """G(z, y): videos in [-1, 1]."""
        return self.G([seed.normal((self.latent,)), label], training=training)

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """The generator."""
        return [self.G]

    def sample(self, seed: tf.Tensor, label: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Seeds and labels (B,) -> videos in [0, 1]; row i depends on seed[i] and label[i] alone."""
        return {"videos": to_wire(self.draw(label, Seed.of(seed)))}

    def discriminate(self, name: str, videos: tf.Tensor, label: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Videos in [0, 1] and labels (B,) -> the judge's opinion, the mean over all that it sees, (B,)."""
        D, view = self.judges[name]
        logits = D(view(from_wire(videos), label, None), training=False)
        return self.pays.opinion(tf.reshape(logits, (tf.shape(videos)[0], -1)))

    def signatures(self) -> Mapping[str, Signature]:
        """sample; discriminate_frames, discriminate_motion: videos in [0, 1] and labels -> score (B,)."""
        asked = {"seed": seed_spec(), "label": label_spec()}
        shown = {"videos": images_spec(self.spec), "label": label_spec()}
        judges = {f"discriminate_{name}": Signature(partial(self.discriminate, name), shown) for name in self.judges}
        return {"sample": Signature(self.sample, asked), **judges}

    def pictures(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Draws of each class in turn."""
        label = tf.range(tf.shape(seed.rows)[0]) % max(1, self.spec.classes)
        return self.draw(tf.cast(label, tf.int64), seed)
