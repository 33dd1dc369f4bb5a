"""SRGAN: photographs enlarged with finer detail than the mean guess has. Ledig et al., arXiv 1609.04802."""

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
from zoo.networks.random_features import random_features
from zoo.networks.srresnet import discriminator, srresnet


@final
class SRGAN(Upscaling):
    """First the pixels: SRResNet by squared error. Then the look: the same network by features, against D (equation 2).

    Args:
      features: images -> maps of features φ, for equation 5. Frozen, in no player and in no export.
      adversarial: what D's opinion weighs beside the content, equation 3.
    """

    def __init__(self, *parts: Any, features: keras.Model, adversarial: float, **options: Any) -> None:
        super().__init__(*parts, **options)
        self.features, self.adversarial = features, adversarial

    def pixel_loss(self, batch: Batch, seed: Seed) -> Terms:
        """Equation 4."""
        x = batch[self.spec.target]
        return {"mse": mean_squared_error(x, self.enlarged(x, training=True))}

    def generator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """Equation 3: the content by equations 4 and 5, and D's opinion by equation 6."""
        x = batch[self.spec.target]
        again = self.enlarged(x, training=True)
        return {
            "mse": mean_squared_error(x, again),
            "features": perceptual_distance(self.features, x, again),
            "adversarial": self.adversarial * self.adversarial_loss.generator(self.D(again, training=True)),
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
def srgan(spec: Spec, *, scale: int = 4, width: int = 32, blocks: int = 4, adversarial: float = 1e-3) -> SRGAN:
    """Enlarges photographs: by squared error first, then against a discriminator and by their look."""
    channels = spec.shape[-1]
    G, D = srresnet(channels, scale, width=width, blocks=blocks), discriminator(channels, width=width)
    look = random_features(channels)
    return SRGAN(spec, G, D, scale=scale, loss=non_saturating(), features=look, adversarial=adversarial)
