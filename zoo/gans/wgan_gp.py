"""WGAN-GP: a gradient penalty makes the critic 1-Lipschitz. Gulrajani et al., arXiv 1704.00028."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import GAN, assemble
from zoo.losses.adversarial import wasserstein
from zoo.networks.own import Own


@recipe(
    family="gan",
    reference="arXiv 1704.00028",
    claims=(
        Claim("better than clipping", "frechet", "wgan"),
        Claim("its estimate follows the quality of samples", "estimate_correlation", "0.5", "above"),
    ),
    epochs=60,
    batch_size=64,
    learning_rate=2e-4,
    beta_1=0.0,
    beta_2=0.9,
    ema=0.99,
)
def wgan_gp(
    spec: Spec,
    own: Own | None = None,
    *,
    networks: str = "dcgan",
    latent: int = 64,
    width: int = 32,
    penalty_weight: float = 10.0,
    updates: int = 3,
) -> GAN:
    """A gradient penalty instead of clipping makes the critic 1-Lipschitz.

    Algorithm 1. The critic has no batch normalisation (section 4).

    Args:
      networks: mlp, or for images dcgan, resnet, subpixel, patch or unet.
      latent: numbers in the noise.
      width: channels of convolutional networks at the finest level; they double at each level below.
      penalty_weight: λ, weight of the gradient penalty.
      updates: critic updates for each generator update.
    """
    return assemble(
        spec,
        own,
        loss=wasserstein(),
        networks=networks,
        latent=latent,
        width=width,
        norm="none",
        penalty="gradient",
        penalty_weight=penalty_weight,
        updates=updates,
    )
