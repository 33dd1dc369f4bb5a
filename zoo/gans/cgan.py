"""The conditional GAN: both networks are told the label. Mirza & Osindero, arXiv 1411.1784."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import ADAM, GAN, assemble
from zoo.losses.adversarial import non_saturating


@recipe(
    family="gan",
    reference="arXiv 1411.1784",
    claims=(Claim("gives the class asked for", "agreement", "0.9", "above"),),
    condition=("label",),
    epochs=30,
    **ADAM,
)
def cgan(spec: Spec, *, networks: str = "dcgan", latent: int = 64, width: int = 48) -> GAN:
    """Gives the class asked for: D judges an example together with its label. Equation 2."""
    return assemble(spec, loss=non_saturating(), networks=networks, latent=latent, width=width, conditional=True)
