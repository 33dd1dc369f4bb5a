"""SNGAN: every layer of D is 1-Lipschitz. Miyato, Kataoka, Koyama & Yoshida, arXiv 1802.05957."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import ADAM, GAN, assemble
from zoo.losses.adversarial import hinge


@recipe(
    family="gan",
    reference="arXiv 1802.05957",
    claims=(Claim("better than no bound on D's slope", "frechet", "gan networks=dcgan loss=hinge width=48"),),
    epochs=30,
    **ADAM,
)
def sngan(spec: Spec, *, networks: str = "dcgan", latent: int = 64, width: int = 48) -> GAN:
    """D's weights are divided by their spectral norms; hinge loss. Equations 8 and 16."""
    return assemble(spec, loss=hinge(), networks=networks, latent=latent, width=width, norm="spectral")
