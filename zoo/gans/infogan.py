"""InfoGAN: meaningful codes, learnt without labels. Chen et al., arXiv 1606.03657."""

from collections.abc import Mapping
from typing import Any, final

import tensorflow as tf

from zoo.core import features
from zoo.core.claims import Claim
from zoo.core.features import Feature, Spec
from zoo.core.model import Terms
from zoo.core.registry import recipe
from zoo.gans.condition import codes
from zoo.gans.family import ADAM, Adversarial
from zoo.losses.adversarial import non_saturating
from zoo.losses.information import mutual_information
from zoo.networks.adversaries import adversaries
from zoo.networks.own import Own


@final
class InfoGAN(Adversarial):
    """G is conditioned on a category and continuous codes; Q predicts them from the example.

    Q is D but for the last layer: its predictions are D's further outputs.

    Args:
      categories: of the discrete code.
      information: λ, equation 6.
    """

    def __init__(self, *parts: Any, categories: int, information: float, **options: Any) -> None:
        super().__init__(*parts, **options)
        self.categories, self.information = categories, information

    @property
    def further_features(self) -> Mapping[str, Feature]:
        """Q's logits of the categories (B, K), and its means of the continuous codes (B, C) where there are any."""
        continuous = self.condition.width - self.categories
        more = {"continuous": features.vector(continuous)} if continuous else {}
        return {"category_logits": features.vector(self.categories), **more}

    def further_loss(self, outputs: tf.Tensor, condition: tf.Tensor, *, real: bool) -> Terms:
        """−λ L_I(G, Q) of generated examples, equations 5 and 6: in the loss of G, and of D, which contains Q."""
        if real:
            return {}
        return {"information": -self.information * mutual_information(condition, outputs, self.categories)}


@recipe(
    family="gan",
    reference="arXiv 1606.03657",
    claims=(
        Claim("its categories are classes, unsupervised", "purity", "0.5", "above"),
        Claim("and the information term makes them so", "purity", "infogan information=0", "above"),
    ),
    epochs=40,
    **ADAM,
)
def infogan(
    spec: Spec,
    own: Own | None = None,
    *,
    networks: str = "dcgan",
    latent: int = 62,
    width: int = 32,
    categories: int = 10,
    continuous: int = 2,
    information: float = 1.0,
    noise_scale: float = 0.1,
    learning_rate_multiplier: float = 5.0,
) -> InfoGAN:
    """Learns meaningful codes without labels, by mutual information with samples.

    Args:
      networks: mlp, or for images dcgan, resnet or subpixel.
      latent: numbers in the noise.
      width: channels of convolutional networks at the finest level; they double at each level below.
      categories: number of values of the categorical code.
      continuous: number of continuous codes.
      information: λ, weight of the mutual information between codes and examples.
      noise_scale: factor of the noise; a small one lets examples depend more on the codes.
      learning_rate_multiplier: the generator's learning rate relative to the discriminator's.
    """
    condition = codes(categories, continuous)
    numbers = condition.width
    G, D = adversaries(networks, latent + numbers, spec.shape, outputs=(1 + numbers,), width=width, own=own)
    return InfoGAN(
        spec,
        G,
        D,
        loss=non_saturating(),
        condition=condition,
        categories=categories,
        information=information,
        noise_scale=noise_scale,
        learning_rate_multiplier=learning_rate_multiplier,
    )
