"""DCGAN: a GAN of strided convolutions alone. Radford, Metz & Chintala, arXiv 1511.06434."""

from zoo.gans.family import GAN
from zoo.losses.adversarial import non_saturating
from zoo.model import Spec
from zoo.networks.dcgan import discriminator, generator
from zoo.registry import recipe


@recipe(family="gan", reference="arXiv 1511.06434", epochs=25, learning_rate=2e-4, beta_1=0.5)
def dcgan(spec: Spec, *, latent: int = 100, width: int = 64, smoothing: float = 0.0) -> GAN:
    """A GAN of strided convolutions alone."""
    G = generator(latent, spec.shape, width=width)
    D = discriminator(spec.shape, width=width)
    return GAN(spec, G, D, loss=non_saturating(smoothing))
