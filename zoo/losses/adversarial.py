"""Adversarial losses: pure functions of the discriminator's outputs, element by element.

d is D(x) or D(G(z)) before any sigmoid: (B,), or (B, h, w) where D judges patches.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import tensorflow as tf

from zoo.core.errors import unknown

PerExample = Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class AdversarialLoss:
    """What the discriminator pays on real and on fake, and what the generator pays on fake.

    Attributes:
      boundary: what D says of an example that it cannot tell; None for a critic, whose scores have no zero.
      probability: whether D's sigmoid is the probability of being real.
      relative: whether each is of the difference to the partner's logit instead of the logit itself.
    """

    real: PerExample
    fake: PerExample
    generator: PerExample
    boundary: float | None = 0.0
    probability: bool = False
    relative: bool = False

    def sides(self, real: tf.Tensor, fake: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What each side is judged by: D's logits, or how far they are above those of the row's partner."""
        return (real - fake, fake - real) if self.relative else (real, fake)

    def opinion(self, d: tf.Tensor) -> dict[str, tf.Tensor]:
        """How real D takes each example for, of patches on the mean: logits and their probability, or a score, (B,)."""
        logits = tf.reduce_mean(tf.reshape(d, (tf.shape(d)[0], -1)), axis=1)
        return {"logits": logits, "probability": tf.sigmoid(logits)} if self.probability else {"score": logits}


def of_patches(loss: AdversarialLoss) -> AdversarialLoss:
    """Its mean over patches, (B, h, w) -> (B,): Isola et al., arXiv 1611.07004, section 3.2.2."""

    def mean(paid: PerExample) -> PerExample:
        return lambda d: tf.reduce_mean(paid(d), axis=[1, 2])

    return replace(loss, real=mean(loss.real), fake=mean(loss.fake), generator=mean(loss.generator))


def minimax() -> AdversarialLoss:
    """The game of Goodfellow et al., arXiv 1406.2661, equation 1: G pays log(1 − D(G(z))).

    Its gradient vanishes where D is sure of a fake.
    """
    return AdversarialLoss(
        real=lambda d: tf.nn.softplus(-d),
        fake=tf.nn.softplus,
        generator=lambda d: -tf.nn.softplus(d),
        probability=True,
    )


def non_saturating(smoothing: float = 0.0) -> AdversarialLoss:
    """Goodfellow et al. 2014, arXiv 1406.2661, section 3, with the generator maximising log D(G(z)).

    D pays −log D(x) and −log(1 − D(G(z))), G pays −log D(G(z)); D = σ(logit). `smoothing` moves the label of
    real images from 1 to 1 − smoothing, on the real side alone (Salimans et al., arXiv 1606.03498, section 3.4).
    """
    return AdversarialLoss(
        real=lambda d: (1.0 - smoothing) * tf.nn.softplus(-d) + smoothing * tf.nn.softplus(d),
        fake=tf.nn.softplus,
        generator=lambda d: tf.nn.softplus(-d),
        probability=True,
    )


def least_squares() -> AdversarialLoss:
    """Mao et al., arXiv 1611.04076, equation 9: D pays ½ (D(x) − 1)² and ½ D(G(z))², G pays ½ (D(G(z)) − 1)²."""
    return AdversarialLoss(
        real=lambda d: 0.5 * (d - 1.0) ** 2,
        fake=lambda d: 0.5 * d**2,
        generator=lambda d: 0.5 * (d - 1.0) ** 2,
        boundary=0.5,
    )


def wasserstein() -> AdversarialLoss:
    """Arjovsky et al., arXiv 1701.07875, equations 2 and 3: the critic pays D(G(z)) − D(x), G pays −D(G(z)).

    What the critic gains estimates the Wasserstein distance, as far as it is 1-Lipschitz.
    """
    return AdversarialLoss(real=tf.negative, fake=tf.identity, generator=tf.negative, boundary=None)


def hinge() -> AdversarialLoss:
    """Lim & Ye, arXiv 1705.02894: D pays max(0, 1 − D(x)) and max(0, 1 + D(G(z))), G pays −D(G(z))."""
    return AdversarialLoss(
        real=lambda d: tf.nn.relu(1.0 - d),
        fake=lambda d: tf.nn.relu(1.0 + d),
        generator=tf.negative,
    )


def relativistic() -> AdversarialLoss:
    """Relativistic pairing: Jolicoeur-Martineau, arXiv 1807.00734; Huang et al., arXiv 2501.05441, equation 2.

    D pays f(D(x) − D(G(z))) and G pays f(D(G(z)) − D(x)), with f(t) = log(1 + e^−t). D's is here in two halves.
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
    "cross_entropy": partial(non_saturating, smoothing=0.1),
    "least_squares": least_squares,
    "wasserstein": wasserstein,
    "hinge": hinge,
    "relativistic": relativistic,
}
"""By name; `cross_entropy` has smoothed labels."""


def get(name: str) -> AdversarialLoss:
    """The loss of this name. Errors: UserError with the known ones."""
    if name not in LOSSES:
        raise unknown("adversarial loss", name, LOSSES)
    return LOSSES[name]()
