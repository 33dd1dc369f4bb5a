"""The GAN, as any loss with any penalty on any networks. Goodfellow et al., arXiv 1406.2661."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import ADAM, GAN, assemble
from zoo.losses import adversarial


@recipe(
    family="gan",
    reference="arXiv 1406.2661",
    claims=(Claim("samples are like the data", "precision", "0.5", "above"),),
    epochs=120,
    **ADAM,
)
def gan(
    spec: Spec,
    *,
    loss: str = "non_saturating",
    penalty: str = "none",
    penalty_weight: float = 10.0,
    interval: int = 1,
    orthogonality: float = 0.0,
    networks: str = "mlp",
    norm: str = "none",
    hidden: tuple[int, ...] = (256, 512),
    width: int = 32,
    latent: int = 64,
    prior: str = "normal",
    augment: tuple[str, ...] = (),
    clip: float = 0.0,
    updates: int = 1,
    conditional: bool = False,
    guide: float = 0.0,
) -> GAN:
    """Any adversarial loss with any penalty on any networks; as it stands, the first GAN, of perceptrons.

    norm: the discriminator's: none, spectral, or batch, which perceptrons have none of and no penalty on slopes can
    stand. guide: how much of the generator's gradient follows explanations of the discriminator (arXiv 2002.10438).
    """
    return assemble(
        spec,
        loss=adversarial.get(loss),
        penalty=penalty,
        penalty_weight=penalty_weight,
        interval=interval,
        orthogonality=orthogonality,
        networks=networks,
        norm=norm,
        hidden=hidden,
        width=width,
        latent=latent,
        prior=prior,
        augment=augment,
        clip=clip,
        updates=updates,
        conditional=conditional,
        guide=guide,
    )
