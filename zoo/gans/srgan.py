"""SRGAN: photographs enlarged with finer detail than the mean guess has. Ledig et al., arXiv 1609.04802."""

from collections.abc import Mapping, Sequence
from typing import final

import keras
import tensorflow as tf

from zoo.claims import Claim
from zoo.errors import UserError
from zoo.losses.adversarial import AdversarialLoss, non_saturating
from zoo.losses.perceptual import perceptual_distance
from zoo.losses.reconstruction import mean_squared_error
from zoo.model import (
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
from zoo.networks.random_features import random_features
from zoo.networks.srresnet import discriminator, srresnet
from zoo.noise import Seed
from zoo.registry import recipe
from zoo.resizing import enlarge, shrink


@final
class SRGAN(GenerativeModel):
    """First the pixels: SRResNet by squared error. Then the look: the same network against D, by features.

    Args:
      features: images -> maps of features φ, for equation 5. Frozen, in no player and in no export.
      adversarial: what D's opinion weighs beside the content, equation 3.
    """

    def __init__(
        self,
        spec: Spec,
        G: keras.Model,
        D: keras.Model,
        features: keras.Model,
        *,
        scale: int,
        loss: AdversarialLoss,
        adversarial: float,
    ) -> None:
        self.spec, self.G, self.D, self.features = spec, G, D, features
        self.scale, self.pays, self.adversarial = scale, loss, adversarial
        self.players = [
            Player("srresnet", [G], self.pixel_loss, during=(0.0, 0.5)),
            Player("discriminator", [D], self.discriminator_loss, during=(0.5, 1.0)),
            Player("generator", [G], self.generator_loss, during=(0.5, 1.0), rate=0.5),
        ]

    def up(self, low: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Images (B, h, w, C) -> (B, scale h, scale w, C): interpolated, and given the detail that G draws."""
        return enlarge(low, self.scale * tf.shape(low)[1:3]) + self.G(low, training=training)

    def enlarged(self, x: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Images (B, H, W, C), made small and enlarged again."""
        return self.up(shrink(x, self.scale), training=training)[:, : x.shape[1], : x.shape[2]]

    def pixel_loss(self, batch: Batch, seed: Seed) -> Terms:
        """Equation 4."""
        return {"mse": mean_squared_error(batch.x, self.enlarged(batch.x, training=True))}

    def discriminator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """Equation 2: what D pays for photographs and for enlarged ones."""
        fake = self.enlarged(batch.x, training=True)
        return {
            "real": self.pays.real(self.D(batch.x, training=True)),
            "fake": self.pays.fake(self.D(fake, training=True)),
        }

    def generator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """Equation 3: the content by equations 4 and 5, and D's opinion by equation 6."""
        x, again = batch.x, self.enlarged(batch.x, training=True)
        return {
            "mse": mean_squared_error(x, again),
            "features": perceptual_distance(self.features, x, again),
            "adversarial": self.adversarial * self.pays.generator(self.D(again, training=True)),
        }

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
        logits = self.D(from_wire(images), training=False)
        return {"logits": logits, "probability": tf.sigmoid(logits)}

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


@recipe(
    family="gan",
    reference="arXiv 1609.04802",
    claims=(Claim("finer detail than bicubic interpolation", "upscaling_perceptual", "bicubic"),),
    data="photos",
    epochs=8,
    batch_size=16,
    learning_rate=2e-4,
)
def srgan(spec: Spec, *, scale: int = 4, width: int = 32, blocks: int = 4, adversarial: float = 1e-3) -> SRGAN:
    """Enlarges photographs: by squared error first, then against a discriminator and by their look."""
    if len(spec.shape) != 3:
        raise UserError(f"SRGAN enlarges images (H, W, C); this data has shape {spec.shape}. Try --data photos.")
    channels = spec.shape[-1]
    G, D = srresnet(channels, scale, width=width, blocks=blocks), discriminator(channels, width=width)
    return SRGAN(spec, G, D, random_features(channels), scale=scale, loss=non_saturating(), adversarial=adversarial)
