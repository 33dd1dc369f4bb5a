"""Translation between two domains without pairs."""

import abc
from collections.abc import Mapping, Sequence
from functools import partial

import keras
import tensorflow as tf

from zoo.core.model import Batch, GenerativeModel, Player, Signature, Spec, Terms, from_wire, interleave, to_wire
from zoo.core.random import Seed
from zoo.gans.pool import ImagePool
from zoo.losses.adversarial import AdversarialLoss, of_patches


class Translation(GenerativeModel):
    """G: A -> B and F: B -> A, against D_A and D_B, which judge patches and remember past fakes.

    Args:
      pool: past fakes that either discriminator remembers.
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
        self.spec, self.pays = spec, of_patches(loss)
        (self.G, self.F), (self.D_A, self.D_B) = translators, discriminators
        self.pools = [ImagePool(pool, D.input_shape[1:], f"pool_of_{D.name}") for D in discriminators]
        self.players = [
            Player("generators", [self.G, self.F], self.generators_loss),
            Player("discriminators", [self.D_A, self.D_B, *self.pools], self.discriminators_loss),
        ]

    @abc.abstractmethod
    def generators_loss(self, batch: Batch, seed: Seed) -> Terms:
        """What G and F pay together."""

    def discriminators_loss(self, batch: Batch, seed: Seed) -> Terms:
        """What D_A and D_B pay for their domain's images, and for translations into it, of now and before."""
        a, b = batch.x, batch.other
        to_a = self.pools[0].swap(self.F(b, training=True), seed.fold("a"))
        to_b = self.pools[1].swap(self.G(a, training=True), seed.fold("b"))
        return {
            "real_a": self.pays.real(self.D_A(a, training=True)),
            "fake_a": self.pays.fake(self.D_A(to_a, training=True)),
            "real_b": self.pays.real(self.D_B(b, training=True)),
            "fake_b": self.pays.fake(self.D_B(to_b, training=True)),
        }

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """Both generators."""
        return [self.G, self.F]

    def translate(self, network: keras.Model, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> images of the other domain."""
        return {"images": to_wire(network(from_wire(images), training=False))}

    def discriminate(self, network: keras.Model, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> how real they are in the network's domain, (B,)."""
        return self.pays.opinion(network(from_wire(images), training=False))

    def signatures(self) -> Mapping[str, Signature]:
        """a_to_b, b_to_a: images in [0, 1] -> images; discriminate_a, discriminate_b: images -> score (B,)."""
        asked = {"a_to_b": (self.translate, self.G), "b_to_a": (self.translate, self.F)}
        asked |= {"discriminate_a": (self.discriminate, self.D_A), "discriminate_b": (self.discriminate, self.D_B)}
        return {
            key: Signature(partial(answer, network), {"images": tf.TensorSpec(network.input_shape, tf.float32)})
            for key, (answer, network) in asked.items()
        }

    def pictures(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """A's images, each with its translation to the right; B's after them."""
        there, here = self.G(batch.x, training=False), self.F(batch.other, training=False)
        return tf.concat([interleave(batch.x, there), interleave(batch.other, here)], axis=0)
