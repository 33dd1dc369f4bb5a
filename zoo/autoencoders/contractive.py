"""The contractive autoencoder: small changes of the input barely move the code. Rifai et al., ICML 2011."""

import keras
import tensorflow as tf

from zoo.autoencoders.family import Autoencoder
from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.model import Terms
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.losses.codes import contraction
from zoo.networks.own import Own
from zoo.networks.pairs import pair


@recipe(
    family="autoencoder",
    reference="ICML 2011, Rifai et al.",
    claims=[Claim("small changes of the input barely move the code", "jacobian_norm", "contractive penalty_weight=0")],
    epochs=60,
    learning_rate=5e-4,
)
def contractive(
    spec: Spec,
    own: Own | None = None,
    *,
    code: int = 16,
    hidden: tuple[int, ...] = (256,),
    penalty_weight: float = 10.0,
    projections: int = 0,
    loss: str = "bce",
) -> Autoencoder:
    """Small changes of the input barely move the code.

    Args:
      code: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      penalty_weight: λ, the weight of the contraction penalty.
      projections: random directions that estimate the Jacobian's norm; 0 computes it exactly.
      loss: reconstruction loss, mse or bce.
    """

    def penalty(encoder: keras.Model, x: tf.Tensor, codes: tf.Tensor, seed: Seed) -> Terms:
        """λ ‖∂h/∂x‖²_F, equation 2."""
        if projections:
            directions = seed.normal((projections, code)) / projections**0.5
        else:
            directions = tf.repeat(tf.eye(code)[None], x.shape[0], axis=0)
        return {"contraction": penalty_weight * contraction(encoder, x, directions)}

    networks = pair("mlp", spec.shape, code, hidden=hidden, code_activation="sigmoid", own=own)
    return Autoencoder(spec, *networks, loss=loss, penalty=penalty)
