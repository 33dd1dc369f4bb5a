"""Translation between two domains without pairs."""

import abc
from collections.abc import Mapping, Sequence
from functools import partial

import keras
import tensorflow as tf

from zoo.core.features import Spec
from zoo.core.model import Batch, GenerativeModel, Player, Signature, Terms, interleave
from zoo.core.random import Seed
from zoo.gans.pool import ImagePool
from zoo.losses.adversarial import AdversarialLoss, of_patches


class Translation(GenerativeModel):
    """G: A -> B and F: B -> A, against D_A and D_B, which score patches of real, new and earlier translated images.

    Args:
      spec: its two targets are the domains A and B.
      translators: G and F.
      discriminators: D_A and D_B, images -> logits (B, h, w).
      loss: of the discriminators' logits.
      pool: how many earlier translations each discriminator is shown again.
    """

    def __init__(
        self,
        spec: Spec,
        translators: tuple[keras.Model, keras.Model],
        discriminators: tuple[keras.Model, keras.Model],
        *,
        loss: AdversarialLoss,
        pool: int,
    ) -> None:
        self.spec, self.adversarial_loss = spec, of_patches(loss)
        (self.G, self.F), (self.D_A, self.D_B) = translators, discriminators
        self.pools = [ImagePool(pool, D.input_shape[1:], f"pool_of_{D.name}") for D in discriminators]
        self.players = [
            Player("generators", [self.G, self.F], self.generators_loss),
            Player("discriminators", [self.D_A, self.D_B, *self.pools], self.discriminators_loss),
        ]

    @abc.abstractmethod
    def generators_loss(self, batch: Batch, seed: Seed) -> Terms:
        """The loss of G and F together."""

    def discriminators_loss(self, batch: Batch, seed: Seed) -> Terms:
        """Losses of D_A and D_B on images of their domain, and on new and earlier translations into it."""
        a, b = (batch[name] for name in self.spec.targets)
        to_a = self.pools[0].swap(self.F(b, training=True), seed.fold("a"))
        to_b = self.pools[1].swap(self.G(a, training=True), seed.fold("b"))
        return {
            "real_a": self.adversarial_loss.real(self.D_A(a, training=True)),
            "fake_a": self.adversarial_loss.fake(self.D_A(to_a, training=True)),
            "real_b": self.adversarial_loss.real(self.D_B(b, training=True)),
            "fake_b": self.adversarial_loss.fake(self.D_B(to_b, training=True)),
        }

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """Both generators."""
        return [self.G, self.F]

    def translate(self, network: keras.Model, x: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images of one domain (B, H, W, C) -> images of the other."""
        return {"x": network(x, training=False)}

    def discriminate(self, network: keras.Model, x: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images (B, H, W, C) -> how real they are in the discriminator's domain, a score (B,)."""
        return self.adversarial_loss.scores(network(x, training=False))

    def signatures(self) -> Mapping[str, Signature]:
        """a_to_b, b_to_a; discriminate_a, discriminate_b."""
        a, b = ({"x": self.spec.features[name]} for name in self.spec.targets)
        scores = self.adversarial_loss.score_features
        return {
            "a_to_b": Signature(partial(self.translate, self.G), a, b),
            "b_to_a": Signature(partial(self.translate, self.F), b, a),
            "discriminate_a": Signature(partial(self.discriminate, self.D_A), a, scores),
            "discriminate_b": Signature(partial(self.discriminate, self.D_B), b, scores),
        }

    def preview(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Images of A, each followed by its translation; then the same of B."""
        a, b = (batch[name] for name in self.spec.targets)
        there, back = self.G(a, training=False), self.F(b, training=False)
        return tf.concat([interleave(a, there), interleave(b, back)], axis=0)
