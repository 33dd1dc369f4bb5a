"""What GANs share: a generator, a discriminator, and a pair of losses between them."""

from collections.abc import Mapping, Sequence
from typing import final

import keras
import tensorflow as tf

from zoo.losses.adversarial import AdversarialLoss
from zoo.model import (
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
from zoo.noise import Seed


@final
class GAN(GenerativeModel):
    """Two players: D tells real from fake, G draws what D takes for real. Goodfellow et al., arXiv 1406.2661.

    Args:
      generator: latents (B, Z) -> images (B, *shape) in [-1, 1].
      discriminator: images -> logits (B,).
    """

    def __init__(
        self, spec: Spec, generator: keras.Model, discriminator: keras.Model, *, loss: AdversarialLoss
    ) -> None:
        self.spec, self.G, self.D, self.pays = spec, generator, discriminator, loss
        self.latent: int = generator.input_shape[-1]
        self.players = [
            Player("discriminator", [discriminator], self.discriminator_loss),
            Player("generator", [generator], self.generator_loss),
        ]

    def discriminator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """What D pays for real images and for fakes, judged in batches of their own."""
        fake = self.G(seed.normal((self.latent,)), training=True)
        return {
            "real": self.pays.real(self.D(batch.x, training=True)),
            "fake": self.pays.fake(self.D(fake, training=True)),
        }

    def generator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """What G pays where D sees through its fakes."""
        return {"fake": self.pays.generator(self.D(self.G(seed.normal((self.latent,)), training=True), training=True))}

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """The generator."""
        return [self.G]

    def generate(self, latents: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Latents (B, Z) -> images in [0, 1]."""
        return {"images": to_wire(self.G(latents, training=False))}

    def sample(self, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Seeds (B,) -> images in [0, 1]; row i depends on seed[i] alone."""
        return self.generate(Seed.of(seed).normal((self.latent,)))

    def discriminate(self, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> the logit of being real, and its probability: (B,) each."""
        logits = self.D(from_wire(images), training=False)
        return {"logits": logits, "probability": tf.sigmoid(logits)}

    def signatures(self) -> Mapping[str, Signature]:
        """sample, generate, discriminate."""
        return {
            "sample": Signature(self.sample, {"seed": seed_spec()}),
            "generate": Signature(self.generate, {"latents": tf.TensorSpec((None, self.latent), tf.float32)}),
            "discriminate": Signature(self.discriminate, {"images": images_spec(self.spec)}),
        }

    def pictures(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Draws of the generator."""
        return self.G(seed.normal((self.latent,)), training=False)
