"""DCGAN: a GAN of strided convolutions alone. Radford, Metz & Chintala, arXiv 1511.06434."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import ADAM, GAN, assemble
from zoo.losses.adversarial import non_saturating
from zoo.networks.own import Own


@recipe(
    family="gan",
    reference="arXiv 1511.06434",
    claims=(Claim("its samples are better than those of perceptrons", "frechet", "gan"),),
    kinds=("image",),
    epochs=30,
    **ADAM,
)
def dcgan(spec: Spec, own: Own | None = None, *, latent: int = 100, width: int = 64, smoothing: float = 0.0) -> GAN:
    """A GAN of strided convolutions alone.

    Args:
      latent: numbers in the noise.
      width: channels at half the resolution of the images; they double at each level below.
      smoothing: the discriminator's label of real images is 1 − smoothing.
    """
    return assemble(spec, own, loss=non_saturating(smoothing), latent=latent, width=width)
