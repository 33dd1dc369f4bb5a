"""SRGAN: enlarges photographs with finer detail than squared error alone gives. Ledig et al., arXiv 1609.04802."""

from functools import partial
from typing import Any, final

import keras

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.model import Batch, Terms
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.gans.games.upscaling import Upscaling
from zoo.losses.adversarial import non_saturating
from zoo.losses.perceptual import perceptual_distance
from zoo.losses.reconstruction import mean_squared_error
from zoo.networks.own import Own, check_names, choose
from zoo.networks.random_features import random_features
from zoo.networks.srresnet import discriminator, srresnet


@final
class SRGAN(Upscaling):
    """First SRResNet is trained by squared error, then the same network by feature maps and against D (equation 2).

    Args:
      features: images (B, H, W, C) -> feature maps φ, for equation 5. Frozen, in no player and in no export.
      adversarial_weight: weight of the adversarial loss, 10⁻³ in equation 3.
    """

    def __init__(self, *parts: Any, features: keras.Model, adversarial_weight: float, **options: Any) -> None:
        super().__init__(*parts, **options)
        self.features, self.adversarial_weight = features, adversarial_weight

    def pixel_loss(self, batch: Batch, seed: Seed) -> Terms:
        """Equation 4."""
        x = batch[self.spec.target]
        return {"mse": mean_squared_error(x, self.enlarged(x, training=True))}

    def generator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """Equation 3: the content losses of equations 4 and 5, and the adversarial loss of equation 6."""
        x = batch[self.spec.target]
        again = self.enlarged(x, training=True)
        return {
            "mse": mean_squared_error(x, again),
            "features": perceptual_distance(self.features, x, again),
            "adversarial": self.adversarial_weight * self.adversarial_loss.generator(self.D(again, training=True)),
        }


@recipe(
    family="gan",
    reference="arXiv 1609.04802",
    claims=(Claim("finer detail than bicubic interpolation", "upscaling_perceptual", "bicubic"),),
    data="photos",
    kinds=("image",),
    epochs=8,
    batch_size=16,
    learning_rate=2e-4,
)
def srgan(
    spec: Spec,
    own: Own | None = None,
    *,
    scale: int = 4,
    width: int = 32,
    blocks: int = 4,
    adversarial_weight: float = 1e-3,
) -> SRGAN:
    """Enlarges photographs: trained by squared error, then by features and against D.

    Args:
      scale: factor by which each side is enlarged: 2, 4 or 8.
      width: channels of the networks.
      blocks: residual blocks of the generator.
      adversarial_weight: weight of the adversarial loss beside the content losses.
    """
    channels = spec.shape[-1]
    check_names(own, ("generator", "discriminator"))
    any_size = (None, None, channels)
    G = choose(own, "generator", any_size, any_size, partial(srresnet, channels, scale, width=width, blocks=blocks))
    D = choose(own, "discriminator", spec.shape, (), partial(discriminator, channels, width=width))
    features = random_features(channels)
    return SRGAN(
        spec, G, D, scale=scale, loss=non_saturating(), features=features, adversarial_weight=adversarial_weight
    )
