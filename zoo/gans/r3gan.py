"""R3GAN, the modern baseline: relativistic pairing with R1 and R2. Huang et al., arXiv 2501.05441."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import GAN, assemble
from zoo.losses.adversarial import relativistic
from zoo.networks.own import Own


@recipe(
    family="gan",
    reference="arXiv 2501.05441",
    claims=(
        Claim("better than a DCGAN", "frechet", "dcgan"),
        Claim("it covers the data", "coverage", "dcgan", "above"),
    ),
    epochs=30,
    batch_size=64,
    learning_rate=2e-4,
    beta_1=0.0,
    beta_2=0.99,
    ema=0.99,
)
def r3gan(
    spec: Spec,
    own: Own | None = None,
    *,
    networks: str = "resnet",
    latent: int = 64,
    width: int = 16,
    penalty_weight: float = 1.0,
    interval: int = 1,
) -> GAN:
    """Residual networks, a relativistic loss, zero-centred gradient penalties.

    Equations 2 and 4.

    The losses are the paper's; the networks (`zoo.networks.resnet`) are simpler than its configuration E. Their blocks
    are two 3 x 3 convolutions, where the paper has inverted bottlenecks of grouped convolutions between two of 1 x 1;
    they resample by nearest neighbours and by means, not bilinearly; the last layer of a block starts near zero, not at
    zero; and G has batch normalisation, where the paper's has none. The penalty's weight, the learning rate and Adam's
    β₂ are constant, where the paper anneals them.

    Args:
      networks: mlp, or for images dcgan, resnet, subpixel, patch or unet.
      latent: numbers in the noise.
      width: channels of convolutional networks at the finest level; they double at each level below.
      penalty_weight: γ, weight of the gradient penalties.
      interval: the penalties are computed in every interval-th step alone, with interval times the weight.
    """
    return assemble(
        spec,
        own,
        loss=relativistic(),
        networks=networks,
        latent=latent,
        width=width,
        norm="none",
        penalty="r1_r2",
        penalty_weight=penalty_weight,
        interval=interval,
    )
