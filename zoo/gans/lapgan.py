"""LAPGAN: a pair for each level of the Laplacian pyramid. Denton, Chintala, Szlam & Fergus, arXiv 1506.05751."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple, final

import keras
import tensorflow as tf

from zoo.claims import Claim
from zoo.losses.adversarial import AdversarialLoss, non_saturating
from zoo.model import Batch, GenerativeModel, Player, Signature, Spec, Terms, from_wire, images_spec, seed_spec, to_wire
from zoo.networks.conv import sides
from zoo.networks.pyramid import residual_discriminator, residual_generator
from zoo.noise import Seed
from zoo.registry import recipe
from zoo.resizing import enlarge, shrink


class Level(NamedTuple):
    """One resolution: G draws the detail that a blurred image lacks, [l, noise] -> h; D judges it, [l, h] -> logits."""

    size: tuple[int, int]
    G: keras.Model
    D: keras.Model


@final
class LAPGAN(GenerativeModel):
    """Images are drawn coarse, then level by level enlarged and given detail. `levels`: the finest first."""

    def __init__(self, spec: Spec, levels: Sequence[Level], *, loss: AdversarialLoss) -> None:
        self.spec, self.levels, self.pays = spec, levels, loss
        self.players = []
        for k, level in enumerate(levels):
            self.players.append(Player(f"discriminator_{k}", [level.D], partial(self.discriminator_loss, k)))
            self.players.append(Player(f"generator_{k}", [level.G], partial(self.generator_loss, k)))

    def split(self, k: int, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Level k of the pyramid of images (B, H, W, C): l_k = u(d(I_k)) and h_k = I_k − l_k, equations 1 and 2.

        At the coarsest all is detail: l = 0.
        """
        for _ in range(k):
            x = shrink(x, 2)
        last = k == len(self.levels) - 1
        low = tf.zeros_like(x) if last else enlarge(shrink(x, 2), self.levels[k].size)
        return low, x - low

    def draw(self, k: int, low: tf.Tensor, seed: Seed, *, training: bool) -> tf.Tensor:
        """h̃_k = G_k(z_k, l_k)."""
        return self.levels[k].G([low, seed.normal((*self.levels[k].size, 1))], training=training)

    def discriminator_loss(self, k: int, batch: Batch, seed: Seed) -> Terms:
        """What D_k pays for the data's own detail and for a drawn one, each level apart from the others, equation 3."""
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

    def drawn(self, seed: Seed) -> list[tf.Tensor]:
        """Images in [-1, 1] at each level, the finest first: Ĩ_k = u(Ĩ_k+1) + G_k(z_k, u(Ĩ_k+1)), equation 4."""
        images: list[tf.Tensor] = []
        for k, level in reversed(list(enumerate(self.levels))):
            rows = tf.shape(seed.rows)[0]
            low = enlarge(images[0], level.size) if images else tf.zeros((rows, *level.size, self.spec.shape[2]))
            images.insert(0, tf.clip_by_value(low + self.draw(k, low, seed.fold(k), training=False), -1.0, 1.0))
        return images

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
        logits = self.levels[0].D(list(self.split(0, from_wire(images))), training=False)
        return {"logits": logits, "probability": tf.sigmoid(logits)}

    def signatures(self) -> Mapping[str, Signature]:
        """sample, discriminate."""
        return {
            "sample": Signature(self.sample, {"seed": seed_spec()}),
            "discriminate": Signature(self.discriminate, {"images": images_spec(self.spec)}),
        }

    def pictures(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Draws."""
        return self.drawn(seed)[0]


@recipe(
    family="gan",
    reference="arXiv 1506.05751",
    claims=(Claim("each level is nearer to the data than its enlarged input", "refinement", "1"),),
    epochs=25,
    batch_size=64,
    learning_rate=2e-4,
    beta_1=0.5,
    ema=0.99,
)
def lapgan(spec: Spec, *, width: int = 32, smoothing: float = 0.1) -> LAPGAN:
    """Draws coarse, then refines: a pair for each level of a pyramid."""
    shapes = [(*size, spec.shape[-1]) for size in sides(spec.shape)]
    levels = [
        Level(shape[:2], residual_generator(shape, width=width), residual_discriminator(shape, width=width))
        for shape in shapes
    ]
    return LAPGAN(spec, levels, loss=non_saturating(smoothing))
