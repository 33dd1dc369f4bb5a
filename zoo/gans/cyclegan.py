"""CycleGAN: translation between two domains without pairs. Zhu, Park, Isola & Efros, arXiv 1703.10593."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import final

import keras
import tensorflow as tf

from zoo.claims import Claim
from zoo.errors import UserError
from zoo.gans.pool import ImagePool
from zoo.losses.adversarial import AdversarialLoss, least_squares
from zoo.losses.reconstruction import mean_absolute_error
from zoo.model import Batch, GenerativeModel, Player, Signature, Spec, Terms, from_wire, interleave, to_wire
from zoo.networks.translator import patch_discriminator, translator
from zoo.noise import Seed
from zoo.registry import recipe


@final
class CycleGAN(GenerativeModel):
    """G: A -> B and F: B -> A, which undo each other, against D_A and D_B. Equation 3.

    Args:
      cycle, identity: λ, and the weight of leaving alone what is in the right domain already, section 5.2.
      pool: past fakes that either discriminator remembers, section 4.
    """

    def __init__(
        self,
        spec: Spec,
        translators: tuple[keras.Model, keras.Model],
        discriminators: tuple[keras.Model, keras.Model],
        *,
        loss: AdversarialLoss,
        cycle: float,
        identity: float,
        pool: int,
    ) -> None:
        self.spec, self.pays, self.cycle, self.identity = spec, loss, cycle, identity
        (self.G, self.F), (self.D_A, self.D_B) = translators, discriminators
        self.pools = [ImagePool(pool, D.input_shape[1:], f"pool_of_{D.name}") for D in discriminators]
        self.players = [
            Player("generators", [self.G, self.F], self.generators_loss),
            Player("discriminators", [self.D_A, self.D_B, *self.pools], self.discriminators_loss),
        ]

    def generators_loss(self, batch: Batch, seed: Seed) -> Terms:
        """L_GAN(G, D_B) + L_GAN(F, D_A) + λ L_cyc(G, F), equations 1 to 3, and L_identity."""
        G, F = partial(self.G, training=True), partial(self.F, training=True)
        a, b, to_a, to_b = batch.x, batch.other, F(batch.other), G(batch.x)
        back = mean_absolute_error(F(to_b), a) + mean_absolute_error(G(to_a), b)
        same = mean_absolute_error(F(a), a) + mean_absolute_error(G(b), b)
        return {
            "a": _mean(self.pays.generator(self.D_A(to_a, training=True))),
            "b": _mean(self.pays.generator(self.D_B(to_b, training=True))),
            "cycle": self.cycle * back,
            "identity": self.identity * same,
        }

    def discriminators_loss(self, batch: Batch, seed: Seed) -> Terms:
        """What D_A and D_B pay for their domain's images, and for translations into it, of now and before."""
        a, b = batch.x, batch.other
        to_a = self.pools[0].swap(self.F(b, training=True), seed.fold("a"))
        to_b = self.pools[1].swap(self.G(a, training=True), seed.fold("b"))
        return {
            "real_a": _mean(self.pays.real(self.D_A(a, training=True))),
            "fake_a": _mean(self.pays.fake(self.D_A(to_a, training=True))),
            "real_b": _mean(self.pays.real(self.D_B(b, training=True))),
            "fake_b": _mean(self.pays.fake(self.D_B(to_b, training=True))),
        }

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """Both generators."""
        return [self.G, self.F]

    def signatures(self) -> Mapping[str, Signature]:
        """a_to_b, b_to_a: images in [0, 1] -> images; discriminate_a, discriminate_b: images -> score (B,)."""
        asked = {"a_to_b": (self.G, _images), "b_to_a": (self.F, _images)}
        asked |= {"discriminate_a": (self.D_A, _score), "discriminate_b": (self.D_B, _score)}
        return {
            key: Signature(partial(answer, network), {"images": tf.TensorSpec(network.input_shape, tf.float32)})
            for key, (network, answer) in asked.items()
        }

    def pictures(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """A's images, each with its translation to the right; B's after them."""
        there, here = self.G(batch.x, training=False), self.F(batch.other, training=False)
        return tf.concat([interleave(batch.x, there), interleave(batch.other, here)], axis=0)


def _mean(patches: tf.Tensor) -> tf.Tensor:
    """(B, h, w) -> (B,)."""
    return tf.reduce_mean(patches, axis=[1, 2])


def _images(network: keras.Model, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
    return {"images": to_wire(network(from_wire(images), training=False))}


def _score(network: keras.Model, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
    return {"score": _mean(network(from_wire(images), training=False))}


@recipe(
    family="gan",
    reference="arXiv 1703.10593",
    claims=(
        Claim("translates without pairs", "translation_error", "untranslated"),
        Claim("and brings images back, by its cycle loss", "cycle_error", "cyclegan cycle=0"),
    ),
    data="domains:mnist-5k+edges",
    epochs=15,
    batch_size=16,
    learning_rate=2e-4,
    beta_1=0.5,
)
def cyclegan(
    spec: Spec,
    *,
    width: int = 16,
    blocks: int = 3,
    cycle: float = 10.0,
    identity: float = 5.0,
    pool: int = 50,
) -> CycleGAN:
    """Translates between two domains, learnt without pairs."""
    if spec.other is None or len(spec.shape) != 3:
        raise UserError(
            "CycleGAN translates between two domains of images; this data has one. Try --data domains:mnist-5k+edges, "
            "or domains:FOLDER+FOLDER."
        )
    a, b = spec.shape, spec.other
    translators = (
        translator(a, b[-1], width=width, blocks=blocks, name="a_to_b"),
        translator(b, a[-1], width=width, blocks=blocks, name="b_to_a"),
    )
    discriminators = (
        patch_discriminator(a, width=2 * width, name="discriminator_a"),
        patch_discriminator(b, width=2 * width, name="discriminator_b"),
    )
    return CycleGAN(spec, translators, discriminators, loss=least_squares(), cycle=cycle, identity=identity, pool=pool)
