"""The GAN, with any adversarial loss, penalty and networks. Goodfellow et al., arXiv 1406.2661."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.gans.family import ADAM, GAN, assemble
from zoo.losses import adversarial
from zoo.networks.own import Own


@recipe(
    family="gan",
    reference="arXiv 1406.2661",
    claims=(Claim("samples are like the data", "precision", "0.5", "above"),),
    epochs=120,
    **ADAM,
)
def gan(
    spec: Spec,
    own: Own | None = None,
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
    """Any adversarial loss, penalty and networks; by default the first GAN, of perceptrons.

    Args:
      loss: minimax, non_saturating, non_saturating_smoothed, least_squares, wasserstein, hinge or relativistic.
      penalty: gradient penalty of the discriminator: none, gradient, one_sided, dragan, r1, r2 or r1_r2.
      penalty_weight: weight of the penalty.
      interval: the penalties are computed in every interval-th step alone, with interval times the weight.
      orthogonality: weight of the orthogonality penalty of the discriminator's kernels; 0 for none.
      networks: mlp, or for images dcgan, resnet, subpixel, patch or unet.
      norm: normalisation of the discriminator: none, spectral or batch; no batch with mlp or a gradient penalty.
      hidden: units of each hidden layer of an mlp generator; the discriminator has them in reverse order.
      width: channels of convolutional networks at the finest level; they double at each level below.
      latent: numbers in the noise.
      prior: distribution of the noise: normal, or uniform in [-1, 1].
      augment: for images, augmentations of the discriminator's inputs: colour, translation, cutout.
      clip: bound of the discriminator's weights, which are clipped after each update; 0 for no clipping.
      updates: discriminator updates for each generator update.
      conditional: whether both networks are conditioned on the label.
      guide: for images, how far explanations of the discriminator weight the generator's gradient, 0 to 1
        (arXiv 2002.10438).
    """
    return assemble(
        spec,
        own,
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
