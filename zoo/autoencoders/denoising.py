"""The denoising autoencoder: reconstructs an example from a noisy version of it. Vincent et al., ICML 2008."""

import tensorflow as tf

from zoo.autoencoders.family import Autoencoder, Corruption
from zoo.core.claims import Claim
from zoo.core.errors import unknown
from zoo.core.features import Spec
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.networks.own import Own
from zoo.networks.pairs import pair


def masking(share: float) -> Corruption:
    """Sets each value to the lowest, −1 (black), with probability `share` (section 2.3)."""

    def corrupt(x: tf.Tensor, seed: Seed) -> tf.Tensor:
        return tf.where(seed.uniform(tuple(x.shape[1:])) < share, -1.0, x)

    return corrupt


def gaussian(share: float) -> Corruption:
    """Adds normal noise whose standard deviation is `share` of the range of values, so 2 · share."""
    return lambda x, seed: x + 2.0 * share * seed.normal(tuple(x.shape[1:]))


NOISES = {"masking": masking, "gaussian": gaussian}


@recipe(
    family="autoencoder",
    reference="doi 10.1145/1390156.1390294",
    claims=[
        Claim("it removes noise", "denoised_psnr", "noisy image", "above"),
        Claim("it removes more noise than a median filter", "denoised_psnr", "median filter", "above"),
    ],
    epochs=20,
    learning_rate=1e-3,
)
def denoising(
    spec: Spec,
    own: Own | None = None,
    *,
    noise: str = "masking",
    share: float = 0.3,
    code: int = 64,
    hidden: tuple[int, ...] = (512,),
    loss: str = "bce",
) -> Autoencoder:
    """Reconstructs an example from a noisy version of it.

    Args:
      noise: masking, which sets values to the lowest, or gaussian, which adds normal noise.
      share: for masking, the probability that a value is masked; for gaussian, the standard deviation as a share of
        the range of values.
      code: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      loss: reconstruction loss, mse or bce.
    """
    if noise not in NOISES:
        raise unknown("noise", noise, NOISES)
    return Autoencoder(
        spec, *pair("mlp", spec.shape, code, hidden=hidden, own=own), loss=loss, corrupt=NOISES[noise](share)
    )
