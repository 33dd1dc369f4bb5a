"""Adversarial losses: pairs of pure functions of the discriminator's logits, each (B,) -> (B,)."""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

PerExample = Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class AdversarialLoss:
    """What the discriminator pays on real and on fake, and what the generator pays on fake."""

    real: PerExample
    fake: PerExample
    generator: PerExample


def non_saturating(smoothing: float = 0.0) -> AdversarialLoss:
    """Goodfellow et al. 2014, arXiv 1406.2661, section 3, with the generator maximising log D(G(z)).

    D pays −log D(x) and −log(1 − D(G(z))), G pays −log D(G(z)); D = σ(logit). `smoothing` moves the label of
    real images from 1 to 1 − smoothing, on the real side alone (Salimans et al., arXiv 1606.03498, section 3.4).
    """
    return AdversarialLoss(
        real=lambda d: (1.0 - smoothing) * tf.nn.softplus(-d) + smoothing * tf.nn.softplus(d),
        fake=tf.nn.softplus,
        generator=lambda d: tf.nn.softplus(-d),
    )
