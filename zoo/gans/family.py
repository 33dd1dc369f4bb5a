"""What GANs share: a generator, a discriminator, and what each pays."""

import abc
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, final

import keras
import tensorflow as tf

from zoo.core.errors import UserError, unknown
from zoo.core.model import (
    Batch,
    GenerativeModel,
    Player,
    Signature,
    Spec,
    Terms,
    Watched,
    from_wire,
    images_spec,
    seed_spec,
    to_wire,
)
from zoo.core.random import Seed
from zoo.gans.condition import NOTHING, Condition, labels
from zoo.losses import penalties as regularizers
from zoo.losses.adversarial import AdversarialLoss
from zoo.networks.adversaries import adversaries
from zoo.networks.spectral import advance
from zoo.ops.augment import augmentation
from zoo.ops.guidance import guided

PRIORS = ("normal", "uniform")

ADAM: Mapping[str, Any] = {"batch_size": 64, "learning_rate": 2e-4, "beta_1": 0.5, "ema": 0.99}
"""How most are trained: Radford et al., arXiv 1511.06434, section 4; of G a moving average, arXiv 1806.04498."""


class Adversarial(GenerativeModel):
    """Two players: D tells real from fake, G draws what D takes for real. Goodfellow et al., arXiv 1406.2661.

    Left open is what is paid for D's further outputs.

    Args:
      generator: noise and what G is told, (B, Z + C) -> examples (B, *shape) in [-1, 1].
      discriminator: examples -> logits (B,), or (B, h, w) of patches, or (B, 1 + K) where D has a task of K outputs.
        With C channels more than examples have, it sees what G was told.
      condition: what G is told besides its noise.
      prior: of the noise: normal, or uniform in [-1, 1].
      spread: what G multiplies its noise with. Little drowns codes less: Mukherjee et al., arXiv 1809.03627.
      penalty: a name of `zoo.losses.penalties`, paid `weight` times in every turn, or `every` times that in every
        `every`-th.
      orthogonality: the weight of that of D's kernels.
      augment: names of `zoo.ops.augment`, of what D sees in training.
      clip: bound of D's weights; 0 for none.
      moves: of D in a turn.
      rate: of G's learning, relative to D's: two time scales, Heusel et al., arXiv 1706.08500.
      guide: how much of G's gradient is weighed by an explanation of D, 0 to 1; see `zoo.ops.guidance`.
    """

    def __init__(
        self,
        spec: Spec,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        loss: AdversarialLoss,
        condition: Condition = NOTHING,
        prior: str = "normal",
        spread: float = 1.0,
        penalty: str = "none",
        weight: float = 10.0,
        every: int = 1,
        orthogonality: float = 0.0,
        augment: Sequence[str] = (),
        clip: float = 0.0,
        moves: int = 1,
        rate: float = 1.0,
        guide: float = 0.0,
    ) -> None:
        if prior not in PRIORS:
            raise unknown("prior", prior, PRIORS)
        if guide and len(spec.shape) != 3:
            raise UserError(f"guide explains pictures (H, W, C); this data has shape {spec.shape}. Leave it at 0.")
        self.spec, self.G, self.D, self.pays = spec, generator, discriminator, loss
        self.latent: int = generator.input_shape[-1] - condition.width
        self.condition, self.sighted = condition, discriminator.input_shape[-1] > spec.shape[-1]
        self.prior, self.spread, self.guide = prior, spread, guide
        self.weight, self.orthogonality = weight, orthogonality
        self.penalty, self.augmented = regularizers.get(penalty), augmentation(augment, spec.shape)
        self.lazy = every > 1 and bool(self.penalty or orthogonality)
        judge = Player(
            "discriminator" if loss.boundary is not None else "critic",
            [discriminator],
            self.discriminator_loss,
            steps=moves,
            lazy=self.penalties if self.lazy else None,
            every=every,
            constraint=regularizers.clipping(discriminator, clip) if clip else partial(advance, discriminator),
        )
        self.players = [judge, Player("generator", [generator], self.generator_loss, rate=rate)]

    @abc.abstractmethod
    def task(self, outputs: tf.Tensor, told: tf.Tensor, *, real: bool) -> Terms:
        """What is paid for D's further outputs (B, K); for those on fakes G pays as well."""

    @abc.abstractmethod
    def read(self, outputs: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """D's further outputs (B, K), by name."""

    def show(self, x: tf.Tensor, told: tf.Tensor) -> tf.Tensor:
        """What D sees: x (B, *shape), to which a constant channel, or for a table a column, tells each number."""
        if not self.sighted:
            return x
        planes = tf.reshape(told, (-1, *[1] * (x.shape.rank - 2), self.condition.width))
        return tf.concat([x, tf.zeros_like(x[..., :1]) + planes], axis=-1)

    def noise(self, seed: Seed) -> tf.Tensor:
        """z (B, Z) of the prior."""
        return seed.normal((self.latent,)) if self.prior == "normal" else seed.uniform((self.latent,), -1.0, 1.0)

    def draw(self, z: tf.Tensor, told: tf.Tensor, *, training: bool = False) -> tf.Tensor:
        """G(z, c): examples in [-1, 1]."""
        return self.G(tf.concat([self.spread * z, told], axis=1), training=training)

    def judge(self, seen: tf.Tensor, *, training: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
        """D's logits, of examples or of their patches, and its further outputs (B, K)."""
        out = self.D(seen, training=training)
        return (out[:, 0], out[:, 1:]) if out.shape.rank == 2 else (out, out[..., :0])

    def discriminator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """What D pays for real examples and for fakes, judged in batches of their own."""
        told = self.condition.tell(batch.label, seed)
        fake = self.draw(self.noise(seed), told, training=True)
        real = self.show(self.augmented(batch.x, seed.fold("real")), told)
        on_real, real_outputs = self.judge(real, training=True)
        on_fake, fake_outputs = self.judge(self.show(self.augmented(fake, seed.fold("fake")), told), training=True)
        on_real, on_fake = self.pays.sides(on_real, on_fake)
        return {
            "real": self.pays.real(on_real),
            "fake": self.pays.fake(on_fake),
            **self.task(real_outputs, told, real=True),
            **self.task(fake_outputs, told, real=False),
            **({} if self.lazy else self.penalise(batch.x, fake, told, seed)),
            **self._watched(on_real, on_fake),
        }

    def _watched(self, on_real: tf.Tensor, on_fake: tf.Tensor) -> Terms:
        """The shares that D gets right, 0.5 each at equilibrium; of a critic what it estimates."""
        boundary = self.pays.boundary
        if boundary is None:
            return {"wasserstein": Watched(on_real - on_fake)}
        right = {"real_accuracy": on_real > boundary, "fake_accuracy": on_fake < boundary}
        return {name: Watched(tf.cast(value, tf.float32)) for name, value in right.items()}

    def penalise(self, real: tf.Tensor, fake: tf.Tensor, told: tf.Tensor, seed: Seed) -> Terms:
        """What D pays for being steep, and for kernels that are not orthogonal."""
        terms = {}
        if self.penalty:
            slopes = self.penalty(lambda x: self.judge(self.show(x, told), training=True)[0], real, fake, seed)
            terms["penalty"] = self.weight * slopes
        if self.orthogonality:
            terms["orthogonality"] = self.orthogonality * regularizers.orthogonality(self.D)
        return terms

    def penalties(self, batch: Batch, seed: Seed) -> Terms:
        """These by themselves, where they are paid seldom."""
        told = self.condition.tell(batch.label, seed)
        return self.penalise(batch.x, self.draw(self.noise(seed), told, training=True), told, seed)

    def generator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """What G pays where D sees through its fakes."""
        told = self.condition.tell(batch.label, seed)
        fake = self.draw(self.noise(seed), told, training=True)
        if self.guide:
            fake = guided(fake, lambda x: self.judge(self.show(x, told))[0], self.guide)
        on_fake, outputs = self.judge(self.show(self.augmented(fake, seed.fold("fake")), told), training=True)
        if self.pays.relative:
            on_real, _ = self.judge(self.show(self.augmented(batch.x, seed.fold("real")), told), training=True)
            _, on_fake = self.pays.sides(on_real, on_fake)
        return {"fake": self.pays.generator(on_fake), **self.task(outputs, told, real=False)}

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """The generator."""
        return [self.G]

    def _told(self, rows: tf.Tensor, asked: Sequence[tf.Tensor]) -> tf.Tensor:
        return self.condition.code(*asked) if asked else tf.zeros((tf.shape(rows)[0], 0))

    def sample(self, seed: tf.Tensor, *label: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Seeds (B,) -> images in [0, 1]; row i depends on seed[i], and label[i] where there is one, alone."""
        key = Seed.of(seed)
        told = self.condition.tell(label[0] if label else tf.zeros_like(seed), key)
        return {"images": to_wire(self.draw(self.noise(key), told))}

    def generate(self, latents: tf.Tensor, *asked: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Latents (B, Z), and what the condition is made of -> images in [0, 1]."""
        return {"images": to_wire(self.draw(latents, self._told(latents, asked)))}

    def discriminate(self, images: tf.Tensor, *asked: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> the logit of being real and its probability, or a score, (B,); D's further outputs."""
        logits, outputs = self.judge(self.show(from_wire(images), self._told(images, asked)))
        return {**self.pays.opinion(logits), **self.read(outputs)}

    def anomaly(self, images: tf.Tensor, *asked: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> how little D takes them for the training data, (B,)."""
        return {"score": -next(iter(self.discriminate(images, *asked).values()))}

    def signatures(self) -> Mapping[str, Signature]:
        """sample, generate, discriminate, anomaly, each with what its network is told."""
        asked = self.condition.asked
        label = {name: spec for name, spec in asked.items() if name == "label"}
        images = {"images": images_spec(self.spec), **(asked if self.sighted else {})}
        latents = {"latents": tf.TensorSpec((None, self.latent), tf.float32)}
        return {
            "sample": Signature(self.sample, {"seed": seed_spec(), **label}),
            "generate": Signature(self.generate, {**latents, **asked}),
            "discriminate": Signature(self.discriminate, images),
            "anomaly": Signature(self.anomaly, images),
        }

    def pictures(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Draws, of each class in turn where G is told one."""
        label = tf.cast(tf.range(tf.shape(seed.rows)[0]) % max(1, self.spec.classes), tf.int64)
        return self.draw(self.noise(seed), self.condition.tell(label, seed))


@final
class GAN(Adversarial):
    """D judges and does nothing else. Told of classes, both networks are, it is conditional: arXiv 1411.1784, eq. 2."""

    def task(self, outputs: tf.Tensor, told: tf.Tensor, *, real: bool) -> Terms:
        """None."""
        return {}

    def read(self, outputs: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """None."""
        return {}


def assemble(
    spec: Spec,
    *,
    loss: AdversarialLoss,
    networks: str = "dcgan",
    latent: int = 64,
    hidden: tuple[int, ...] = (256, 256),
    width: int = 32,
    norm: str = "batch",
    conditional: bool = False,
    **options: Any,
) -> GAN:
    """A GAN of networks by name, see `zoo.networks.adversaries`. Errors: UserError, for data without labels too."""
    classes = classes_of(spec) if conditional else 0
    G, D = adversaries(networks, latent + classes, spec.shape, told=classes, hidden=hidden, width=width, norm=norm)
    return GAN(spec, G, D, loss=loss, condition=labels(classes), **options)


def classes_of(spec: Spec) -> int:
    """How many classes the data has. Errors: UserError where it has no labels."""
    if not spec.classes:
        raise UserError(
            "This model is told the class of each example, and this data has no labels. Try dcgan, or labelled data."
        )
    return spec.classes
