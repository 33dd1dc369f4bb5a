"""WGAN: a critic with clipped weights estimates the Wasserstein distance. Arjovsky et al., arXiv 1701.07875."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import GAN, assemble
from zoo.losses.adversarial import wasserstein
from zoo.networks.own import Own


@recipe(
    family="gan",
    reference="arXiv 1701.07875",
    claims=(Claim("its estimate follows the quality of samples", "estimate_correlation", "0.5", "above"),),
    epochs=60,
    batch_size=64,
    learning_rate=2e-4,
    beta_1=0.0,
    ema=0.99,
)
def wgan(
    spec: Spec,
    own: Own | None = None,
    *,
    networks: str = "dcgan",
    latent: int = 64,
    width: int = 32,
    clip: float = 0.02,
    updates: int = 3,
) -> GAN:
    """A critic with clipped weights estimates the Wasserstein distance. Algorithm 1.

    Args:
      networks: mlp, or for images dcgan, resnet, subpixel, patch or unet.
      latent: numbers in the noise.
      width: channels of convolutional networks at the finest level; they double at each level below.
      clip: c, bound of the critic's weights, which are clipped after each update.
      updates: critic updates for each generator update.
    """
    return assemble(
        spec,
        own,
        loss=wasserstein(),
        networks=networks,
        latent=latent,
        width=width,
        norm="batch",
        clip=clip,
        updates=updates,
    )
