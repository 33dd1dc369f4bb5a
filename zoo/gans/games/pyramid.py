"""Images generated from coarse to fine: a generator and a discriminator for each resolution."""

import abc
from collections.abc import Mapping, Sequence
from functools import partial

import keras
import tensorflow as tf

from zoo.core import features
from zoo.core.features import Spec
from zoo.core.model import Batch, GenerativeModel, Player, Signature, Terms
from zoo.core.random import Seed
from zoo.losses.adversarial import AdversarialLoss
from zoo.networks.pyramid import Level


class Pyramid(GenerativeModel):
    """At level k, 0 the finest, G_k generates detail and D_k discriminates it; each level is trained independently.

    Args:
      levels: networks of each level, the finest first.
      loss: of the discriminators' logits.
    """

    def __init__(self, spec: Spec, levels: Sequence[Level], *, loss: AdversarialLoss) -> None:
        self.spec, self.levels, self.adversarial_loss = spec, levels, loss
        self.players = []
        for k, level in enumerate(levels):
            self.players.append(Player(f"discriminator_{k}", [level.D], partial(self.discriminator_loss, k)))
            self.players.append(Player(f"generator_{k}", [level.G], partial(self.generator_loss, k)))

    @abc.abstractmethod
    def split(self, k: int, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Images x (B, H, W, C) -> at level k, a blurred image and the detail that it lacks, (B, H_k, W_k, C) each."""

    @abc.abstractmethod
    def generated(self, seed: Seed) -> list[tf.Tensor]:
        """Images in [-1, 1] at each level, the finest first."""

    @abc.abstractmethod
    def detail(self, k: int, low: tf.Tensor, seed: Seed, *, training: bool) -> tf.Tensor:
        """G_k's detail at level k for blurred images `low`, (B, H_k, W_k, C)."""

    def discriminator_loss(self, k: int, batch: Batch, seed: Seed) -> Terms:
        """Loss of D_k on the data's own and on generated detail."""
        low, detail = self.split(k, batch[self.spec.target])
        D, fake = self.levels[k].D, self.detail(k, low, seed, training=True)
        return {
            "real": self.adversarial_loss.real(D([low, detail], training=True)),
            "fake": self.adversarial_loss.fake(D([low, fake], training=True)),
        }

    def generator_loss(self, k: int, batch: Batch, seed: Seed) -> Terms:
        """Loss of G_k against D_k."""
        low, _ = self.split(k, batch[self.spec.target])
        fake = self.detail(k, low, seed, training=True)
        return {"fake": self.adversarial_loss.generator(self.levels[k].D([low, fake], training=True))}

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """The generators."""
        return [level.G for level in self.levels]

    def sample(self, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Seeds (B,) -> images (B, H, W, C), and the coarser ones that they were made from; row i by seed[i] alone."""
        x, *coarser = self.generated(Seed.of(seed))
        return {"x": x} | {f"coarse_{k}": image for k, image in enumerate(coarser, 1)}

    def discriminate(self, x: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images (B, H, W, C) -> the logit that their finest detail is real, and its probability: (B,) each."""
        return self.adversarial_loss.scores(self.levels[0].D(list(self.split(0, x)), training=False))

    def signatures(self) -> Mapping[str, Signature]:
        """sample, discriminate."""
        x, channels = {"x": self.spec.feature}, self.spec.shape[-1]
        coarser = {f"coarse_{k}": features.image(*v.size, channels) for k, v in enumerate(self.levels) if k}
        return {
            "sample": Signature(self.sample, {"seed": features.seed()}, {**x, **coarser}),
            "discriminate": Signature(self.discriminate, x, self.adversarial_loss.score_features),
        }

    def preview(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Samples."""
        return self.generated(seed)[0]
