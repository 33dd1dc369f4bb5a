"""Adversarial losses: pure functions of the discriminator's outputs, element by element.

d is D(x) or D(G(z)) before any sigmoid: (B,), or (B, h, w) where D scores patches.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import tensorflow as tf

from zoo.core.errors import unknown
from zoo.core.features import Feature, vector

PerExample = Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class AdversarialLoss:
    """The discriminator's loss on real and on generated examples, and the generator's on generated ones.

    Attributes:
      real: D's loss of its outputs for real examples.
      fake: D's loss of its outputs for generated examples.
      generator: G's loss of D's outputs for generated examples.
      threshold: the output at which D decides neither for real nor for generated; None for a critic, whose scores have
        no zero.
      probability: whether the sigmoid of D's output is the probability of being real.
      relative: whether each loss is of the difference to the paired example's logit instead of the logit itself.
    """

    real: PerExample
    fake: PerExample
    generator: PerExample
    threshold: float | None = 0.0
    probability: bool = False
    relative: bool = False

    def relative_logits(self, real: tf.Tensor, fake: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """D's outputs for real and generated examples -> what the losses are of: these, or their differences by row."""
        return (real - fake, fake - real) if self.relative else (real, fake)

    def scores(self, d: tf.Tensor) -> dict[str, tf.Tensor]:
        """D's outputs, averaged over patches -> `logits` and their `probability`, or a critic's `score`: (B,) each."""
        logits = tf.reduce_mean(tf.reshape(d, (tf.shape(d)[0], -1)), axis=1)
        return {"logits": logits, "probability": tf.sigmoid(logits)} if self.probability else {"score": logits}

    @property
    def score_features(self) -> dict[str, Feature]:
        """The features of `scores`."""
        return {name: vector() for name in (("logits", "probability") if self.probability else ("score",))}


def of_patches(loss: AdversarialLoss) -> AdversarialLoss:
    """Its mean over patches, (B, h, w) -> (B,): Isola et al., arXiv 1611.07004, section 3.2.2."""

    def mean(term: PerExample) -> PerExample:
        return lambda d: tf.reduce_mean(term(d), axis=[1, 2])

    return replace(loss, real=mean(loss.real), fake=mean(loss.fake), generator=mean(loss.generator))


def minimax() -> AdversarialLoss:
    """Goodfellow et al., arXiv 1406.2661, equation 1: the generator minimises log(1 − D(G(z))).

    Its gradient vanishes where D is sure that an example is generated.
    """
    return AdversarialLoss(
        real=lambda d: tf.nn.softplus(-d),
        fake=tf.nn.softplus,
        generator=lambda d: -tf.nn.softplus(d),
        probability=True,
    )


def non_saturating(smoothing: float = 0.0) -> AdversarialLoss:
    """Goodfellow et al., arXiv 1406.2661, section 3: the generator maximises log D(G(z)).

    The discriminator minimises −log D(x) − log(1 − D(G(z))), the generator −log D(G(z)); D = σ(logit).

    Args:
      smoothing: the label of real examples is 1 − smoothing; that of generated ones stays 0 (Salimans et al.,
        arXiv 1606.03498, section 3.4).
    """
    return AdversarialLoss(
        real=lambda d: (1.0 - smoothing) * tf.nn.softplus(-d) + smoothing * tf.nn.softplus(d),
        fake=tf.nn.softplus,
        generator=lambda d: tf.nn.softplus(-d),
        probability=True,
    )


def least_squares() -> AdversarialLoss:
    """Mao et al., arXiv 1611.04076, equation 9.

    The discriminator minimises ½ (D(x) − 1)² + ½ D(G(z))², the generator ½ (D(G(z)) − 1)².
    """
    return AdversarialLoss(
        real=lambda d: 0.5 * (d - 1.0) ** 2,
        fake=lambda d: 0.5 * d**2,
        generator=lambda d: 0.5 * (d - 1.0) ** 2,
        threshold=0.5,
    )


def wasserstein() -> AdversarialLoss:
    """Arjovsky et al., arXiv 1701.07875, equations 2 and 3.

    The critic minimises D(G(z)) − D(x), the generator −D(G(z)). Where the critic is 1-Lipschitz, the negative of its
    loss is a lower bound of the Wasserstein distance.
    """
    return AdversarialLoss(real=tf.negative, fake=tf.identity, generator=tf.negative, threshold=None)


def hinge() -> AdversarialLoss:
    """Lim & Ye, arXiv 1705.02894.

    The discriminator minimises max(0, 1 − D(x)) + max(0, 1 + D(G(z))), the generator −D(G(z)).
    """
    return AdversarialLoss(
        real=lambda d: tf.nn.relu(1.0 - d),
        fake=lambda d: tf.nn.relu(1.0 + d),
        generator=tf.negative,
    )


def relativistic() -> AdversarialLoss:
    """Relativistic pairing: Jolicoeur-Martineau, arXiv 1807.00734; Huang et al., arXiv 2501.05441, equation 2.

    The discriminator minimises f(D(x) − D(G(z))), the generator f(D(G(z)) − D(x)), with f(t) = log(1 + e^−t). Half of
    the discriminator's loss is in `real`, half in `fake`.
    """
    return AdversarialLoss(
        real=lambda r: 0.5 * tf.nn.softplus(-r),
        fake=lambda r: 0.5 * tf.nn.softplus(r),
        generator=lambda r: tf.nn.softplus(-r),
        relative=True,
    )


LOSSES: Mapping[str, Callable[[], AdversarialLoss]] = {
    "minimax": minimax,
    "non_saturating": non_saturating,
    "non_saturating_smoothed": partial(non_saturating, smoothing=0.1),
    "least_squares": least_squares,
    "wasserstein": wasserstein,
    "hinge": hinge,
    "relativistic": relativistic,
}
"""By name; `non_saturating_smoothed` has labels of 0.9 for real examples."""


def get(name: str) -> AdversarialLoss:
    """The loss of this name. Errors: UserError with the known ones."""
    if name not in LOSSES:
        raise unknown("adversarial loss", name, LOSSES)
    return LOSSES[name]()
