"""Images enlarged: one network, which is first trained by itself and then against a discriminator."""

import abc
from collections.abc import Mapping, Sequence

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
    interleave,
    to_wire,
)
from zoo.core.random import Seed
from zoo.losses.adversarial import AdversarialLoss
from zoo.ops.resize import enlarge, shrink


class Upscaling(GenerativeModel):
    """For half of the run G pays for pixels alone; then D moves, and G, at half the rate, pays for the look as well.

    Args:
      G: images (B, h, w, C) -> the detail (B, scale h, scale w, C) that interpolation lacks.
      D: images -> logits (B,).
    """

    def __init__(self, spec: Spec, G: keras.Model, D: keras.Model, *, scale: int, loss: AdversarialLoss) -> None:
        self.spec, self.G, self.D, self.scale, self.pays = spec, G, D, scale, loss
        self.players = [
            Player("srresnet", [G], self.pixel_loss, during=(0.0, 0.5)),
            Player("discriminator", [D], self.discriminator_loss, during=(0.5, 1.0)),
            Player("generator", [G], self.generator_loss, during=(0.5, 1.0), rate=0.5),
        ]

    @abc.abstractmethod
    def pixel_loss(self, batch: Batch, seed: Seed) -> Terms:
        """What G pays by itself."""

    @abc.abstractmethod
    def generator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """What G pays against D."""

    def discriminator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """What D pays for images, and for those that were made small and enlarged again."""
        fake = self.enlarged(batch.x, training=True)
        return {
            "real": self.pays.real(self.D(batch.x, training=True)),
            "fake": self.pays.fake(self.D(fake, training=True)),
        }

    def up(self, low: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Images (B, h, w, C) -> (B, scale h, scale w, C): interpolated, and given the detail that G draws."""
        return enlarge(low, self.scale * tf.shape(low)[1:3]) + self.G(low, training=training)

    def enlarged(self, x: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Images (B, H, W, C), made small and enlarged again."""
        return self.up(shrink(x, self.scale), training=training)[:, : x.shape[1], : x.shape[2]]

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """The generator."""
        return [self.G]

    def upscale(self, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images (B, h, w, C) in [0, 1] of any size -> (B, scale h, scale w, C)."""
        again = self.up(from_wire(images), training=False)
        return {"images": tf.clip_by_value(to_wire(again), 0.0, 1.0)}

    def discriminate(self, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> the logit of not being enlarged, and its probability: (B,) each."""
        return self.pays.opinion(self.D(from_wire(images), training=False))

    def signatures(self) -> Mapping[str, Signature]:
        """upscale, discriminate."""
        any_size = tf.TensorSpec((None, None, None, self.spec.shape[-1]), tf.float32)
        return {
            "upscale": Signature(self.upscale, {"images": any_size}),
            "discriminate": Signature(self.discriminate, {"images": images_spec(self.spec)}),
        }

    def pictures(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Enlarged photographs, each with the original to the right."""
        return interleave(tf.clip_by_value(self.enlarged(batch.x, training=False), -1.0, 1.0), batch.x)
