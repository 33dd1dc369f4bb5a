"""What GANs share: a generator, a discriminator, and their losses."""

import abc
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, final

import keras
import tensorflow as tf

from zoo.core import features
from zoo.core.conditions import example_conditions
from zoo.core.errors import UserError, unknown
from zoo.core.features import Feature, Spec
from zoo.core.model import Batch, GenerativeModel, Metric, Player, Signature, Terms
from zoo.core.random import Seed
from zoo.gans import condition as conditions
from zoo.gans.condition import Condition
from zoo.losses import penalties
from zoo.losses.adversarial import AdversarialLoss
from zoo.networks.adversaries import adversaries
from zoo.networks.own import Own
from zoo.networks.spectral import advance
from zoo.ops.augment import augmentation
from zoo.ops.guidance import guided

PRIORS = ("normal", "uniform")

ADAM: Mapping[str, Any] = {"batch_size": 64, "learning_rate": 2e-4, "beta_1": 0.5, "ema": 0.99}
"""How most are trained: Radford et al., arXiv 1511.06434, section 4; G's moving average: arXiv 1806.04498."""


class Adversarial(GenerativeModel):
    """A discriminator D learns to tell real from generated examples, a generator G to make them alike.

    Goodfellow et al., arXiv 1406.2661. Subclasses say what D's further outputs are for.

    Args:
      generator: noise and condition, (B, Z + C) -> examples (B, *shape) in [-1, 1].
      discriminator: examples -> logits (B,), or (B, h, w) of patches, or (B, 1 + K) where D has K further outputs. With
        C channels more than examples have it is a conditional discriminator, which takes the condition as well.
      loss: of D's logits.
      condition: what G is conditioned on.
      prior: of the noise: normal, or uniform in [-1, 1].
      noise_scale: a factor of G's noise. A small one lets G depend more on codes: Mukherjee et al., arXiv 1809.03627.
      penalty: a name of `zoo.losses.penalties`.
      penalty_weight: a factor of the penalty.
      interval: the penalties are part of every `interval`-th step alone, and `interval` times as large there.
      orthogonality: the weight of the orthogonality penalty of D's kernels.
      augment: names of `zoo.ops.augment`, applied to D's inputs in training.
      clip: D's weights are clipped to [-clip, clip] after each update; 0 for no clipping.
      updates: of D in a training step.
      learning_rate_multiplier: G's learning rate relative to D's (two time scales, Heusel et al., arXiv 1706.08500).
      guide: how far an explanation of D weights G's gradient, 0 to 1; see `zoo.ops.guidance`. For images.
    """

    def __init__(
        self,
        spec: Spec,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        loss: AdversarialLoss,
        condition: Condition = conditions.NONE,
        prior: str = "normal",
        noise_scale: float = 1.0,
        penalty: str = "none",
        penalty_weight: float = 10.0,
        interval: int = 1,
        orthogonality: float = 0.0,
        augment: Sequence[str] = (),
        clip: float = 0.0,
        updates: int = 1,
        learning_rate_multiplier: float = 1.0,
        guide: float = 0.0,
    ) -> None:
        if prior not in PRIORS:
            raise unknown("prior", prior, PRIORS)
        if guide and spec.kind != "image":
            raise UserError(f"guide={guide:g} is for images; this data has {spec.feature.describe()}. Use guide=0.")
        self.spec, self.G, self.D, self.adversarial_loss = spec, generator, discriminator, loss
        self.latent: int = generator.input_shape[-1] - condition.width
        self.condition = condition
        self.conditional_discriminator: bool = discriminator.input_shape[-1] > spec.shape[-1]
        self.prior, self.noise_scale, self.guide = prior, noise_scale, guide
        self.penalty_weight, self.orthogonality = penalty_weight, orthogonality
        self.penalty, self.augmented = penalties.get(penalty), augmentation(augment, spec.feature)
        self.lazy = interval > 1 and bool(self.penalty or orthogonality)
        self.players = [
            Player(
                "critic" if loss.threshold is None else "discriminator",
                [discriminator],
                self.discriminator_loss,
                updates=updates,
                lazy=self.lazy_penalties if self.lazy else None,
                interval=interval,
                constraint=penalties.clipping(discriminator, clip) if clip else partial(advance, discriminator),
            ),
            Player("generator", [generator], self.generator_loss, learning_rate_multiplier=learning_rate_multiplier),
        ]

    # What subclasses say of D's further outputs, (B, K).

    @property
    @abc.abstractmethod
    def further_features(self) -> Mapping[str, Feature]:
        """What the further outputs are, side by side, by name."""

    @abc.abstractmethod
    def further_loss(self, outputs: tf.Tensor, condition: tf.Tensor, *, real: bool) -> Terms:
        """Terms of D's loss; those of generated examples are part of G's loss as well."""

    # The networks.

    def noise(self, seed: Seed) -> tf.Tensor:
        """z (B, Z), sampled from the prior."""
        return seed.normal((self.latent,)) if self.prior == "normal" else seed.uniform((self.latent,), -1.0, 1.0)

    def generated(self, z: tf.Tensor, condition: tf.Tensor | None, *, training: bool = False) -> tf.Tensor:
        """G(z, c): examples (B, *shape) in [-1, 1]; `condition` (B, C) or None."""
        z = self.noise_scale * z
        return self.G(z if condition is None else tf.concat([z, condition], axis=1), training=training)

    def discriminated(
        self, x: tf.Tensor, condition: tf.Tensor | None, *, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """D(x, c) of x (B, *shape): logits (B,), or (B, h, w) of patches, and the further outputs (B, K)."""
        out = self.D(self._with_condition(x, condition), training=training)
        return (out[:, 0], out[:, 1:]) if out.shape.rank == 2 else (out, out[..., :0])

    def _with_condition(self, x: tf.Tensor, condition: tf.Tensor | None) -> tf.Tensor:
        """For a conditional discriminator: x with a channel, or for a table a column, for each number of c."""
        if not self.conditional_discriminator:
            return x
        planes = tf.reshape(condition, (-1, *[1] * (x.shape.rank - 2), self.condition.width))
        return tf.concat([x, tf.zeros_like(x[..., :1]) + planes], axis=-1)

    # The losses.

    def discriminator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """Discriminator loss on real and generated examples, each in a batch of its own."""
        x, c = batch[self.spec.target], self.condition.sample(batch, seed)
        fake = self.generated(self.noise(seed), c, training=True)
        on_real, real_outputs = self.discriminated(self.augmented(x, seed.fold("real")), c, training=True)
        on_fake, fake_outputs = self.discriminated(self.augmented(fake, seed.fold("fake")), c, training=True)
        on_real, on_fake = self.adversarial_loss.relative_logits(on_real, on_fake)
        return {
            "real": self.adversarial_loss.real(on_real),
            "fake": self.adversarial_loss.fake(on_fake),
            **self.further_loss(real_outputs, c, real=True),
            **self.further_loss(fake_outputs, c, real=False),
            **({} if self.lazy else self.penalties(x, fake, c, seed)),
            **self._metrics(on_real, on_fake),
        }

    def _metrics(self, on_real: tf.Tensor, on_fake: tf.Tensor) -> Terms:
        """D's accuracy on real and on generated examples, 0.5 each at equilibrium; a critic's estimated distance."""
        threshold = self.adversarial_loss.threshold
        if threshold is None:
            return {"wasserstein": Metric(on_real - on_fake)}
        right = {"real_accuracy": on_real > threshold, "fake_accuracy": on_fake < threshold}
        return {name: Metric(tf.cast(value, tf.float32)) for name, value in right.items()}

    def penalties(self, real: tf.Tensor, fake: tf.Tensor, condition: tf.Tensor | None, seed: Seed) -> Terms:
        """The penalties of D's gradient and of its kernels."""
        terms = {}
        if self.penalty:
            values = self.penalty(lambda x: self.discriminated(x, condition, training=True)[0], real, fake, seed)
            terms["penalty"] = self.penalty_weight * values
        if self.orthogonality:
            terms["orthogonality"] = self.orthogonality * penalties.orthogonality(self.D)
        return terms

    def lazy_penalties(self, batch: Batch, seed: Seed) -> Terms:
        """The penalties alone, for the steps of which they are part."""
        c = self.condition.sample(batch, seed)
        return self.penalties(batch[self.spec.target], self.generated(self.noise(seed), c, training=True), c, seed)

    def generator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """Generator loss on generated examples."""
        c = self.condition.sample(batch, seed)
        fake = self.generated(self.noise(seed), c, training=True)
        if self.guide:
            fake = guided(fake, lambda x: self.discriminated(x, c)[0], self.guide)
        on_fake, outputs = self.discriminated(self.augmented(fake, seed.fold("fake")), c, training=True)
        if self.adversarial_loss.relative:
            real = self.augmented(batch[self.spec.target], seed.fold("real"))
            on_real, _ = self.discriminated(real, c, training=True)
            _, on_fake = self.adversarial_loss.relative_logits(on_real, on_fake)
        return {"fake": self.adversarial_loss.generator(on_fake), **self.further_loss(outputs, c, real=False)}

    # The signatures.

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """The generator."""
        return [self.G]

    def _encoded(self, inputs: Mapping[str, tf.Tensor]) -> tf.Tensor | None:
        return self.condition.encode(**inputs) if inputs else None

    def sample(self, seed: tf.Tensor, **features: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Seeds (B,) -> examples (B, *shape); row i depends on seed[i], and label[i] where there is one, alone."""
        key = Seed.of(seed)
        return {"x": self.generated(self.noise(key), self.condition.sample(features, key))}

    def generate(self, latents: tf.Tensor, **condition: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Latents (B, Z) and the condition's inputs -> examples (B, *shape)."""
        return {"x": self.generated(latents, self._encoded(condition))}

    def discriminate(self, x: tf.Tensor, **condition: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """x (B, *shape) -> the logit of being real and its probability, or a score, (B,); D's further outputs."""
        logits, outputs = self.discriminated(x, self._encoded(condition))
        further = self.further_features
        parts = tf.split(outputs, [f.size for f in further.values()], axis=1) if further else ()
        return {**self.adversarial_loss.scores(logits), **dict(zip(further, parts, strict=True))}

    def anomaly(self, x: tf.Tensor, **condition: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """x (B, *shape) -> how unlike the training data D takes each example to be: −logit or −score, (B,)."""
        return {"score": -next(iter(self.discriminate(x, **condition).values()))}

    def signatures(self) -> Mapping[str, Signature]:
        """sample, generate, discriminate, anomaly, each with the condition where its network takes one."""
        inputs, x = self.condition.inputs, {"x": self.spec.feature}
        of_data = {name: feature for name, feature in inputs.items() if name in self.spec.features}
        judged = {**x, **(inputs if self.conditional_discriminator else {})}
        scores = {**self.adversarial_loss.score_features, **self.further_features}
        return {
            "sample": Signature(self.sample, {"seed": features.seed(), **of_data}, x),
            "generate": Signature(self.generate, {"latents": features.vector(self.latent), **inputs}, x),
            "discriminate": Signature(self.discriminate, judged, scores),
            "anomaly": Signature(self.anomaly, judged, {"score": features.vector()}),
        }

    def preview(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Samples, of each class in turn where there is a label."""
        conditions = example_conditions(self.spec, tf.shape(seed.rows)[0], batch)
        return self.generated(self.noise(seed), self.condition.sample(conditions, seed))


@final
class GAN(Adversarial):
    """D has no further outputs. With a condition that both networks take: arXiv 1411.1784, equation 2."""

    @property
    def further_features(self) -> Mapping[str, Feature]:
        """None."""
        return {}

    def further_loss(self, outputs: tf.Tensor, condition: tf.Tensor, *, real: bool) -> Terms:
        """None."""
        return {}


def assemble(
    spec: Spec,
    own: Own | None = None,
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
    """A GAN of the user's own networks, or by name, see `zoo.networks.adversaries`; `options` are those of Adversarial.

    Errors: UserError for names that are not known, and for a conditional one of data without labels.
    """
    condition = label_condition(spec) if conditional else conditions.NONE
    G, D = adversaries(
        networks,
        latent + condition.width,
        spec.shape,
        condition=condition.width,
        hidden=hidden,
        width=width,
        norm=norm,
        own=own,
    )
    return GAN(spec, G, D, loss=loss, condition=condition, **options)


def label_condition(spec: Spec) -> Condition:
    """The condition on the data's label. Errors: UserError where the data has none."""
    if "label" not in spec.features:
        raise UserError(
            "A conditional GAN needs a class for each example, and this data has no labels. Use labelled data, or "
            "leave out conditional=true."
        )
    return conditions.label(spec.features["label"])
