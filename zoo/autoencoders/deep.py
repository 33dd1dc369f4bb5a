"""The deep autoencoder: several layers compress better than one. Hinton & Salakhutdinov, Science 313 (2006).

The paper's pretraining by Boltzmann machines is left out: today's initial weights and optimisers do without it.
"""

from zoo.autoencoders.family import Autoencoder
from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.networks.own import Own
from zoo.networks.pairs import pair


@recipe(
    family="autoencoder",
    reference="doi 10.1126/science.1127647",
    claims=[Claim("depth compresses better", "test_error", "undercomplete code=8")],
    epochs=40,
    learning_rate=1e-3,
)
def deep(
    spec: Spec, own: Own | None = None, *, code: int = 8, hidden: tuple[int, ...] = (512, 256, 128), loss: str = "mse"
) -> Autoencoder:
    """Several layers compress better than one.

    Args:
      code: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      loss: reconstruction loss, mse or bce.
    """
    return Autoencoder(spec, *pair("mlp", spec.shape, code, hidden=hidden, own=own), loss=loss)
