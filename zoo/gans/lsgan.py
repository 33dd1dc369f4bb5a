"""LSGAN: least squares, which also draw what is right but far from the data. Mao et al., arXiv 1611.04076."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import ADAM, GAN, assemble
from zoo.losses.adversarial import least_squares


@recipe(
    family="gan",
    reference="arXiv 1611.04076",
    claims=(
        Claim("better than a loss that saturates", "frechet", "gan loss=minimax networks=dcgan norm=batch width=48"),
    ),
    epochs=30,
    **ADAM,
)
def lsgan(spec: Spec, *, networks: str = "dcgan", latent: int = 64, width: int = 48) -> GAN:
    """D and G minimise squares, which for G is a Pearson χ² divergence. Equation 9."""
    return assemble(spec, loss=least_squares(), networks=networks, latent=latent, width=width)
