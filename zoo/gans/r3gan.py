"""R3GAN, the modern baseline: relativistic pairing with R1 and R2. Huang et al., arXiv 2501.05441."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import GAN, assemble
from zoo.losses.adversarial import relativistic


@recipe(
    family="gan",
    reference="arXiv 2501.05441",
    claims=(
        Claim("simple and better", "frechet", "dcgan"),
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
    *,
    networks: str = "resnet",
    latent: int = 64,
    width: int = 16,
    penalty_weight: float = 1.0,
    interval: int = 1,
) -> GAN:
    """Residual networks, a loss of pairs, and slopes of zero at real and at fake. Equations 2 and 4.

    The game is the paper's; the networks (`zoo.networks.resnet`) are plainer than its configuration E. Blocks are two
    3 x 3 convolutions, where the paper's are inverted bottlenecks of grouped convolutions between two of 1 x 1; they
    resample by nearest neighbours and by means, not bilinearly; their last layer starts near zero, not at zero; and G,
    which has no normalisation there, has batch normalisation. The penalty's weight, the learning rate and Adam's β₂
    stay as they are, where the paper anneals them.
    """
    return assemble(
        spec,
        loss=relativistic(),
        networks=networks,
        latent=latent,
        width=width,
        norm="none",
        penalty="r1_r2",
        penalty_weight=penalty_weight,
        interval=interval,
    )
