"""Images drawn coarse, then refined: a pair of networks for each resolution."""

import abc
from collections.abc import Mapping, Sequence
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
    seed_spec,
    to_wire,
)
from zoo.core.random import Seed
from zoo.losses.adversarial import AdversarialLoss
from zoo.networks.pyramid import Level


class Pyramid(GenerativeModel):
    """At each level, the finest first, G_k draws detail and D_k judges it, each level apart from the others."""

    def __init__(self, spec: Spec, levels: Sequence[Level], *, loss: AdversarialLoss) -> None:
        self.spec, self.levels, self.pays = spec, levels, loss
        self.players = []
        for k, level in enumerate(levels):
            self.players.append(Player(f"discriminator_{k}", [level.D], partial(self.discriminator_loss, k)))
            self.players.append(Player(f"generator_{k}", [level.G], partial(self.generator_loss, k)))

    @abc.abstractmethod
    def split(self, k: int, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Images (B, H, W, C) at level k: what is left of them one level on, enlarged again, and the detail lost."""

    @abc.abstractmethod
    def drawn(self, seed: Seed) -> list[tf.Tensor]:
        """Images in [-1, 1] at each level, the finest first."""

    @abc.abstractmethod
    def draw(self, k: int, low: tf.Tensor, seed: Seed, *, training: bool) -> tf.Tensor:
        """Detail at level k for what is left of images, enlarged."""

    def discriminator_loss(self, k: int, batch: Batch, seed: Seed) -> Terms:
        """What D_k pays for the data's own detail and for a drawn one."""
        low, detail = self.split(k, batch.x)
        D, fake = self.levels[k].D, self.draw(k, low, seed, training=True)
        return {
            "real": self.pays.real(D([low, detail], training=True)),
            "fake": self.pays.fake(D([low, fake], training=True)),
        }

    def generator_loss(self, k: int, batch: Batch, seed: Seed) -> Terms:
        """What G_k pays where D_k sees through its detail."""
        low, _ = self.split(k, batch.x)
        fake = self.draw(k, low, seed, training=True)
        return {"fake": self.pays.generator(self.levels[k].D([low, fake], training=True))}

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """The generators."""
        return [level.G for level in self.levels]

    def sample(self, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Seeds (B,) -> images in [0, 1], and what they were at coarser levels; row i depends on seed[i] alone."""
        images, *coarser = self.drawn(Seed.of(seed))
        return {"images": to_wire(images)} | {f"coarse_{k}": to_wire(x) for k, x in enumerate(coarser, 1)}

    def discriminate(self, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> the logit of their finest detail being real, and its probability: (B,) each."""
        return self.pays.opinion(self.levels[0].D(list(self.split(0, from_wire(images))), training=False))

    def signatures(self) -> Mapping[str, Signature]:
        """sample, discriminate."""
        return {
            "sample": Signature(self.sample, {"seed": seed_spec()}),
            "discriminate": Signature(self.discriminate, {"images": images_spec(self.spec)}),
        }

    def pictures(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Draws."""
        return self.drawn(seed)[0]
