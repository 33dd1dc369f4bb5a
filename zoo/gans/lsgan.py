"""LSGAN: least squares, whose gradient does not vanish for samples far from the data. Mao et al., arXiv 1611.04076."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import ADAM, GAN, assemble
from zoo.losses.adversarial import least_squares
from zoo.networks.own import Own


@recipe(
    family="gan",
    reference="arXiv 1611.04076",
    claims=(
        Claim("better than a loss that saturates", "frechet", "gan loss=minimax networks=dcgan norm=batch width=48"),
    ),
    epochs=30,
    **ADAM,
)
def lsgan(spec: Spec, own: Own | None = None, *, networks: str = "dcgan", latent: int = 64, width: int = 48) -> GAN:
    """Both networks minimise squared errors; a Pearson χ² divergence. Equation 9.

    Args:
      networks: mlp, or for images dcgan, resnet, subpixel, patch or unet.
      latent: numbers in the noise.
      width: channels of convolutional networks at the finest level; they double at each level below.
    """
    return assemble(spec, own, loss=least_squares(), networks=networks, latent=latent, width=width)
