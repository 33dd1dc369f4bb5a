"""AC-GAN: the discriminator also classifies. Odena, Olah & Shlens, arXiv 1610.09585."""

from collections.abc import Mapping
from typing import final

import tensorflow as tf

from zoo.core.claims import Claim
from zoo.core.model import Spec, Terms
from zoo.core.registry import recipe
from zoo.gans.condition import labels
from zoo.gans.family import ADAM, Adversarial, classes_of
from zoo.losses.adversarial import non_saturating
from zoo.networks.adversaries import adversaries


@final
class ACGAN(Adversarial):
    """G is told a class; D, which is not, has two tasks: to tell real from fake (L_S) and to name the class (L_C)."""

    def task(self, outputs: tf.Tensor, told: tf.Tensor, *, real: bool) -> Terms:
        """−L_C, equation 3: the log-likelihood of the right class, of real examples and of fakes."""
        return {"real_class" if real else "fake_class": tf.nn.softmax_cross_entropy_with_logits(told, outputs)}

    def read(self, outputs: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Logits of the classes (B, K)."""
        return {"class_logits": outputs}


@recipe(
    family="gan",
    reference="arXiv 1610.09585",
    claims=(
        Claim("gives the class asked for", "agreement", "0.9", "above"),
        Claim("and names classes", "class_accuracy", "0.9", "above"),
    ),
    epochs=30,
    **ADAM,
)
def acgan(spec: Spec, *, networks: str = "dcgan", latent: int = 64, width: int = 48) -> ACGAN:
    """Gives the class asked for: the discriminator also classifies."""
    classes = classes_of(spec)
    G, D = adversaries(networks, latent + classes, spec.shape, outputs=(1 + classes,), width=width)
    return ACGAN(spec, G, D, loss=non_saturating(), condition=labels(classes))
