"""WGAN-GP: a critic whose slope is drawn to 1. Gulrajani et al., arXiv 1704.00028."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import GAN, assemble
from zoo.losses.adversarial import wasserstein


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
    *,
    networks: str = "dcgan",
    latent: int = 64,
    width: int = 32,
    penalty_weight: float = 10.0,
    updates: int = 3,
) -> GAN:
    """The critic pays for slopes other than 1 between real and fake. Algorithm 1; no batch normalisation in it."""
    return assemble(
        spec,
        loss=wasserstein(),
        networks=networks,
        latent=latent,
        width=width,
        norm="none",
        penalty="gradient",
        penalty_weight=penalty_weight,
        updates=updates,
    )
