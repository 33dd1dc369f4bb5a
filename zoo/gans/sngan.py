"""SNGAN: spectral normalisation makes each layer of D 1-Lipschitz. Miyato et al., arXiv 1802.05957."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import ADAM, GAN, assemble
from zoo.losses.adversarial import hinge
from zoo.networks.own import Own


@recipe(
    family="gan",
    reference="arXiv 1802.05957",
    claims=(Claim("better than without spectral normalisation", "frechet", "gan networks=dcgan loss=hinge width=48"),),
    epochs=30,
    **ADAM,
)
def sngan(spec: Spec, own: Own | None = None, *, networks: str = "dcgan", latent: int = 64, width: int = 48) -> GAN:
    """Spectral normalisation of the discriminator, and hinge loss.

    Its kernels are divided by their largest singular values. Equations 8 and 16.

    Args:
      networks: mlp, or for images dcgan, resnet, subpixel, patch or unet.
      latent: numbers in the noise.
      width: channels of convolutional networks at the finest level; they double at each level below.
    """
    return assemble(spec, own, loss=hinge(), networks=networks, latent=latent, width=width, norm="spectral")
