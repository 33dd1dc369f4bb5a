"""AC-GAN: the discriminator also classifies. Odena, Olah & Shlens, arXiv 1610.09585."""

from collections.abc import Mapping
from typing import final

import tensorflow as tf

from zoo.core import features
from zoo.core.claims import Claim
from zoo.core.features import Feature, Spec
from zoo.core.model import Terms
from zoo.core.registry import recipe
from zoo.gans.family import ADAM, Adversarial, label_condition
from zoo.losses.adversarial import non_saturating
from zoo.networks.adversaries import adversaries
from zoo.networks.own import Own


@final
class ACGAN(Adversarial):
    """G is conditioned on a class; D is not, and predicts it beside the source, real or generated."""

    @property
    def further_features(self) -> Mapping[str, Feature]:
        """Logits of the classes (B, K)."""
        return {"class_logits": features.vector(self.condition.width)}

    def further_loss(self, outputs: tf.Tensor, condition: tf.Tensor, *, real: bool) -> Terms:
        """−L_C, equation 3: minus the log-likelihood of the right class, of real and of generated examples."""
        return {"real_class" if real else "fake_class": tf.nn.softmax_cross_entropy_with_logits(condition, outputs)}


@recipe(
    family="gan",
    reference="arXiv 1610.09585",
    claims=(
        Claim("generates the requested class", "agreement", "0.9", "above"),
        Claim("and classifies", "class_accuracy", "0.9", "above"),
    ),
    condition=("label",),
    epochs=30,
    **ADAM,
)
def acgan(spec: Spec, own: Own | None = None, *, networks: str = "dcgan", latent: int = 64, width: int = 48) -> ACGAN:
    """Generates a requested class: the discriminator also classifies.

    Args:
      networks: mlp, or for images dcgan, resnet or subpixel.
      latent: numbers in the noise.
      width: channels of convolutional networks at the finest level; they double at each level below.
    """
    condition = label_condition(spec)
    classes = condition.width
    G, D = adversaries(networks, latent + classes, spec.shape, outputs=(1 + classes,), width=width, own=own)
    return ACGAN(spec, G, D, loss=non_saturating(), condition=condition)
