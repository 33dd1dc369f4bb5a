"""The sparse autoencoder: more units than inputs, few of them active. Ng, CS294A lecture notes (2011)."""

import math

import keras
import tensorflow as tf

from zoo.autoencoders.family import Autoencoder, Penalty
from zoo.core.claims import Claim
from zoo.core.errors import unknown
from zoo.core.features import Spec
from zoo.core.model import Terms
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.core.replicas import gather
from zoo.losses.codes import sparsity_kl, sparsity_l1
from zoo.networks.own import Own
from zoo.networks.pairs import pair


def _kl(weight: float, target: float) -> Penalty:
    def penalty(encoder: keras.Model, x: tf.Tensor, codes: tf.Tensor, seed: Seed) -> Terms:
        return {"sparsity": weight * sparsity_kl(gather(codes), target)}

    return penalty


def _l1(weight: float, target: float) -> Penalty:
    return lambda encoder, x, codes, seed: {"sparsity": weight * sparsity_l1(codes)}


PENALTIES = {"kl": _kl, "l1": _l1}


@recipe(
    family="autoencoder",
    reference="CS294A notes (2011)",
    claims=[
        Claim("its mean activations are near the target", "activation_gap", "0.02"),
        Claim("its features serve a linear classifier", "probe_accuracy", "pca", "above"),
    ],
    epochs=30,
    learning_rate=1e-3,
)
def sparse(
    spec: Spec,
    own: Own | None = None,
    *,
    code: int = 0,
    penalty: str = "kl",
    target: float = 0.05,
    penalty_weight: float = 10.0,
    loss: str = "mse",
) -> Autoencoder:
    """More units than inputs, few of them active.

    Args:
      code: units in the code; 0 for one and a half times the number of inputs.
      penalty: kl, between mean activations and `target`, or l1, the sum of activations.
      target: ρ, the mean activation of each unit that the kl penalty aims at, between 0 and 1.
      penalty_weight: weight of the sparsity penalty.
      loss: reconstruction loss, mse or bce.
    """
    if penalty not in PENALTIES:
        raise unknown("penalty", penalty, PENALTIES)
    units = code or math.ceil(1.5 * math.prod(spec.shape))
    networks = pair("mlp", spec.shape, units, code_activation="sigmoid", own=own)
    return Autoencoder(spec, *networks, loss=loss, penalty=PENALTIES[penalty](penalty_weight, target))
