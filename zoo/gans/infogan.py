"""InfoGAN: codes that say something, without labels. Chen et al., arXiv 1606.03657."""

from collections.abc import Mapping
from typing import Any, final

import tensorflow as tf

from zoo.core.claims import Claim
from zoo.core.model import Spec, Terms
from zoo.core.registry import recipe
from zoo.gans.condition import codes
from zoo.gans.family import ADAM, Adversarial
from zoo.losses.adversarial import non_saturating
from zoo.losses.information import mutual_information
from zoo.networks.adversaries import adversaries


@final
class InfoGAN(Adversarial):
    """G is told a category and continuous codes; Q, which shares all of D but its outputs, reads them from the example.

    Args:
      categories: of the discrete code.
      information: λ, equation 6.
    """

    def __init__(self, *parts: Any, categories: int, information: float, **options: Any) -> None:
        super().__init__(*parts, **options)
        self.categories, self.information = categories, information

    def task(self, outputs: tf.Tensor, told: tf.Tensor, *, real: bool) -> Terms:
        """−λ L_I(G, Q), of fakes: equations 5 and 6. Q is D's, and so D pays it as well."""
        if real:
            return {}
        return {"information": -self.information * mutual_information(told, outputs, self.categories)}

    def read(self, outputs: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """What Q reads: logits of the categories (B, K), and continuous codes (B, C) where there are any."""
        category, continuous = outputs[:, : self.categories], outputs[:, self.categories :]
        return {"category_logits": category} | ({"continuous": continuous} if continuous.shape[1] else {})


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
    *,
    networks: str = "dcgan",
    latent: int = 62,
    width: int = 32,
    categories: int = 10,
    continuous: int = 2,
    information: float = 1.0,
    spread: float = 0.1,
    rate: float = 5.0,
) -> InfoGAN:
    """Codes mean something, unsupervised: G may not lose what it is told, which much noise would drown."""
    told = codes(categories, continuous)
    G, D = adversaries(networks, latent + told.width, spec.shape, outputs=(1 + told.width,), width=width)
    options = {"spread": spread, "rate": rate, "information": information}
    return InfoGAN(spec, G, D, loss=non_saturating(), condition=told, categories=categories, **options)
