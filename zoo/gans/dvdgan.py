"""DVD-GAN: videos, with a discriminator of frames and one of motion. Clark, Donahue & Simonyan, arXiv 1907.06571."""

from typing import final

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.model import Batch, Terms
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.gans.games.video import Video, half_resolution, some_frames
from zoo.losses.adversarial import hinge
from zoo.networks.conv import sides
from zoo.networks.video import frame_discriminator, generator, motion_discriminator


@final
class DVDGAN(Video):
    """D_S takes some frames at full resolution, D_T all frames at half resolution: section 3.2."""

    def discriminators_loss(self, batch: Batch, seed: Seed) -> Terms:
        """The loss of each discriminator on real videos and on generated ones of the same classes."""
        x, label = batch[self.spec.target], batch["label"]
        fake = self.generated(label, seed, training=True)
        terms = {}
        for name, (D, view) in self.discriminators.items():
            terms[f"{name}_real"] = self.adversarial_loss.real(D(view(x, label, seed), training=True))
            terms[f"{name}_fake"] = self.adversarial_loss.fake(D(view(fake, label, seed), training=True))
        return terms

    def generator_loss(self, batch: Batch, seed: Seed) -> Terms:
        """The generator's loss against each discriminator."""
        fake = self.generated(batch["label"], seed, training=True)
        return {
            name: self.adversarial_loss.generator(D(view(fake, batch["label"], seed), training=True))
            for name, (D, view) in self.discriminators.items()
        }


@recipe(
    family="gan",
    reference="arXiv 1907.06571",
    claims=(
        Claim("a discriminator of frames makes better frames", "frame_distance", "dvdgan spatial=false"),
        Claim("a discriminator of motion makes better motion", "motion_distance", "dvdgan temporal=false"),
    ),
    data="moving-digits",
    kinds=("video",),
    condition=("label",),
    epochs=7,
    batch_size=8,
    learning_rate=5e-4,
    beta_1=0.0,
    ema=0.99,
)
def dvdgan(
    spec: Spec, *, latent: int = 32, width: int = 12, frames: int = 8, spatial: bool = True, temporal: bool = True
) -> DVDGAN:
    """Videos of a requested class, with discriminators of frames and of motion.

    Args:
      latent: numbers in the noise.
      width: channels of the generator at full resolution; the discriminators have twice as many.
      frames: number of frames that the discriminator of frames takes of each video.
      spatial: whether there is a discriminator of frames.
      temporal: whether there is a discriminator of motion.
    """
    classes, discriminators = spec.classes, {}
    G = generator(latent, classes, spec.shape, width=width)
    length, *shape = spec.shape
    if spatial:
        discriminators["frames"] = frame_discriminator(classes, tuple(shape), width=2 * width), some_frames(frames)
    if temporal:
        half = (length, *sides(tuple(shape))[1], shape[-1])
        discriminators["motion"] = motion_discriminator(classes, half, width=2 * width), half_resolution
    return DVDGAN(spec, G, discriminators, loss=hinge())
