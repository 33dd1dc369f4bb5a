"""The Wasserstein autoencoder with an MMD penalty. Tolstikhin et al., arXiv 1711.01558."""

import keras
import tensorflow as tf

from zoo.autoencoders.family import Autoencoder
from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.model import Terms
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.core.replicas import gather
from zoo.losses.divergence import maximum_mean_discrepancy
from zoo.networks.own import Own
from zoo.networks.pairs import pair


@recipe(
    family="vae",
    reference="arXiv 1711.01558",
    claims=[
        Claim("its codes fill the prior, so that random codes decode", "decoded_frechet", "wae_mmd penalty_weight=0")
    ],
    epochs=40,
    learning_rate=1e-3,
)
def wae_mmd(
    spec: Spec,
    own: Own | None = None,
    *,
    latent: int = 8,
    hidden: tuple[int, ...] = (512, 256),
    penalty_weight: float = 100.0,
    loss: str = "mse",
    networks: str = "mlp",
) -> Autoencoder:
    """A kernel distance makes the distribution of codes the prior.

    Args:
      latent: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      penalty_weight: λ, weight of the maximum mean discrepancy between codes and prior.
      loss: reconstruction loss, mse or bce.
      networks: mlp, or conv for images.
    """

    def penalty(encoder: keras.Model, x: tf.Tensor, codes: tf.Tensor, seed: Seed) -> Terms:
        """λ MMD²(q(z), p(z)), algorithm 2."""
        z = gather(codes)
        return {"mmd": penalty_weight * maximum_mean_discrepancy(z, gather(seed.normal((latent,))))}

    return Autoencoder(
        spec, *pair(networks, spec.shape, latent, hidden=hidden, own=own), loss=loss, penalty=penalty, prior=True
    )
