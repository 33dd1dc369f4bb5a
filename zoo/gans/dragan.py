"""DRAGAN: D is kept from being steep around the data alone. Kodali, Abernethy, Hays & Kira, arXiv 1705.07215."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import ADAM, GAN, assemble
from zoo.losses.adversarial import non_saturating


@recipe(
    family="gan",
    reference="arXiv 1705.07215",
    claims=(Claim("better than no penalty", "frechet", "dragan penalty_weight=0"),),
    epochs=30,
    **ADAM,
)
def dragan(
    spec: Spec, *, networks: str = "dcgan", latent: int = 64, width: int = 32, penalty_weight: float = 10.0
) -> GAN:
    """D pays for slopes other than 1 around real examples. Section 2.3."""
    return assemble(
        spec,
        loss=non_saturating(),
        networks=networks,
        latent=latent,
        width=width,
        norm="none",
        penalty="dragan",
        penalty_weight=penalty_weight,
    )
