"""DRAGAN: a gradient penalty around the data. Kodali, Abernethy, Hays & Kira, arXiv 1705.07215."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import ADAM, GAN, assemble
from zoo.losses.adversarial import non_saturating
from zoo.networks.own import Own


@recipe(
    family="gan",
    reference="arXiv 1705.07215",
    claims=(Claim("better than no penalty", "frechet", "dragan penalty_weight=0"),),
    epochs=30,
    **ADAM,
)
def dragan(
    spec: Spec,
    own: Own | None = None,
    *,
    networks: str = "dcgan",
    latent: int = 64,
    width: int = 32,
    penalty_weight: float = 10.0,
) -> GAN:
    """Penalises gradient norms of D other than 1 around real examples. Section 2.3.

    Args:
      networks: mlp, or for images dcgan, resnet, subpixel, patch or unet.
      latent: numbers in the noise.
      width: channels of convolutional networks at the finest level; they double at each level below.
      penalty_weight: λ, weight of the gradient penalty.
    """
    return assemble(
        spec,
        own,
        loss=non_saturating(),
        networks=networks,
        latent=latent,
        width=width,
        norm="none",
        penalty="dragan",
        penalty_weight=penalty_weight,
    )
