"""Images enlarged by one network, trained first by itself and then against a discriminator."""

import abc
from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf

from zoo.core import features
from zoo.core.features import Spec
from zoo.core.model import Batch, GenerativeModel, Player, Signature, Terms, interleave
from zoo.core.random import Seed
from zoo.losses.adversarial import AdversarialLoss
from zoo.ops.resize import enlarge, shrink


class Upscaling(GenerativeModel):
    """In the first half of the run G minimises a loss of pixels alone; in the second D is trained too.

    In the second half G's learning rate is half the run's.

    Args:
      G: images (B, h, w, C) -> the detail (B, scale h, scale w, C) that interpolation lacks.
      D: images (B, H, W, C) -> logits (B,).
      scale: by which each side is enlarged.
      loss: of D's logits.
    """

    def __init__(self, spec: Spec, G: keras.Model, D: keras.Model, *, scale: int, loss: AdversarialLoss) -> None:
        self.spec, self.G, self.D, self.scale, self.adversarial_loss = spec, G, D, scale, loss
        self.players = [
            Player("srresnet", [G], self.pixel_loss, active=(0.0, 0.5)),
            Player("discriminator", [D], self.discriminator_loss, active=(0.5, 1.0)),
            Player("generator", [G], self.generator_loss, active=(0.5, 1.0), learning_rate_multiplier=0.5),
        ]

    @abc.abstractmethod
    def pixel_loss(self, batch: Batch, seed: Seed) -> Terms:
        """G's loss in the first half of the run."""

    @abc.abstractmethod
    def generator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """G's loss in the second half, against D."""

    def discriminator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """Discriminator loss on images, and on those that were shrunk and enlarged again."""
        x = batch[self.spec.target]
        fake = self.enlarged(x, training=True)
        return {
            "real": self.adversarial_loss.real(self.D(x, training=True)),
            "fake": self.adversarial_loss.fake(self.D(fake, training=True)),
        }

    def up(self, low: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Images (B, h, w, C) -> (B, scale h, scale w, C): bilinear interpolation plus the detail that G generates."""
        return enlarge(low, self.scale * tf.shape(low)[1:3]) + self.G(low, training=training)

    def enlarged(self, x: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Images (B, H, W, C), shrunk and enlarged again."""
        return self.up(shrink(x, self.scale), training=training)[:, : x.shape[1], : x.shape[2]]

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """The generator."""
        return [self.G]

    def upscale(self, x: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images (B, h, w, C) of any size -> (B, scale h, scale w, C)."""
        return {"x": tf.clip_by_value(self.up(x, training=False), -1.0, 1.0)}

    def discriminate(self, x: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images (B, H, W, C) -> the logit of being an original, not an enlarged one, and its probability: (B,)."""
        return self.adversarial_loss.scores(self.D(x, training=False))

    def signatures(self) -> Mapping[str, Signature]:
        """upscale, discriminate."""
        x = {"x": self.spec.feature}
        any_size = {"x": features.image(None, None, self.spec.shape[-1])}
        return {
            "upscale": Signature(self.upscale, any_size, any_size),
            "discriminate": Signature(self.discriminate, x, self.adversarial_loss.score_features),
        }

    def preview(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Images shrunk and enlarged again, each followed by the original."""
        x = batch[self.spec.target]
        return interleave(tf.clip_by_value(self.enlarged(x, training=False), -1.0, 1.0), x)
