"""LAPGAN: a GAN for each level of a Laplacian pyramid. Denton, Chintala, Szlam & Fergus, arXiv 1506.05751."""

from typing import final

import tensorflow as tf

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.gans.family import ADAM
from zoo.gans.games.pyramid import Pyramid
from zoo.losses.adversarial import non_saturating
from zoo.networks.pyramid import levels
from zoo.ops.resize import enlarge, shrink


@final
class LAPGAN(Pyramid):
    """Images are generated coarse, then enlarged level by level, adding the detail h that the enlarged image l lacks.

    D_k tells real h_k from generated h̃_k, both conditioned on l_k: equation 3, for each level by itself.
    """

    def split(self, k: int, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Level k of the pyramid of images (B, H, W, C): l_k = u(d(I_k)) and h_k = I_k − l_k, equations 1 and 2.

        At the coarsest level l = 0, and h is the image itself.
        """
        for _ in range(k):
            x = shrink(x, 2)
        last = k == len(self.levels) - 1
        low = tf.zeros_like(x) if last else enlarge(shrink(x, 2), self.levels[k].size)
        return low, x - low

    def detail(self, k: int, low: tf.Tensor, seed: Seed, *, training: bool) -> tf.Tensor:
        """h̃_k = G_k(z_k, l_k)."""
        return self.levels[k].G([low, seed.normal((*self.levels[k].size, 1))], training=training)

    def generated(self, seed: Seed) -> list[tf.Tensor]:
        """Images in [-1, 1] at each level, the finest first: Ĩ_k = u(Ĩ_k+1) + G_k(z_k, u(Ĩ_k+1)), equation 4."""
        images: list[tf.Tensor] = []
        for k, level in reversed(list(enumerate(self.levels))):
            rows = tf.shape(seed.rows)[0]
            low = enlarge(images[0], level.size) if images else tf.zeros((rows, *level.size, self.spec.shape[2]))
            images.insert(0, tf.clip_by_value(low + self.detail(k, low, seed.fold(k), training=False), -1.0, 1.0))
        return images


@recipe(
    family="gan",
    reference="arXiv 1506.05751",
    claims=(Claim("each level is nearer to the data than its enlarged input", "refinement", "1"),),
    kinds=("image",),
    epochs=25,
    **ADAM,
)
def lapgan(spec: Spec, *, width: int = 32, smoothing: float = 0.1) -> LAPGAN:
    """Generates from coarse to fine: a GAN for each level of a Laplacian pyramid.

    Args:
      width: channels of the networks of each level.
      smoothing: the discriminators' label of real images is 1 − smoothing.
    """
    return LAPGAN(spec, levels(spec.shape, width=width), loss=non_saturating(smoothing))
