"""The conditional GAN: both networks are conditioned on the label. Mirza & Osindero, arXiv 1411.1784."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import ADAM, GAN, assemble
from zoo.losses.adversarial import non_saturating
from zoo.networks.own import Own


@recipe(
    family="gan",
    reference="arXiv 1411.1784",
    claims=(Claim("generates the requested class", "agreement", "0.9", "above"),),
    condition=("label",),
    epochs=30,
    **ADAM,
)
def cgan(spec: Spec, own: Own | None = None, *, networks: str = "dcgan", latent: int = 64, width: int = 48) -> GAN:
    """Generates a requested class: both networks are conditioned on the label. Equation 2.

    Args:
      networks: mlp, or for images dcgan, resnet, subpixel, patch or unet.
      latent: numbers in the noise.
      width: channels of convolutional networks at the finest level; they double at each level below.
    """
    return assemble(spec, own, loss=non_saturating(), networks=networks, latent=latent, width=width, conditional=True)
