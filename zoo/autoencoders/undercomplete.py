"""The undercomplete autoencoder: a code smaller than the input must keep what matters most.

Goodfellow, Bengio & Courville, Deep Learning (2016), section 14.1.
"""

from zoo.autoencoders.family import Autoencoder
from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.networks.own import Own
from zoo.networks.pairs import pair


@recipe(
    family="autoencoder",
    reference="Deep Learning (2016), 14.1",
    claims=[Claim("its code keeps more than the best linear one", "test_error", "pca")],
    epochs=20,
    learning_rate=1e-3,
)
def undercomplete(
    spec: Spec, own: Own | None = None, *, code: int = 32, hidden: tuple[int, ...] = (256,), loss: str = "mse"
) -> Autoencoder:
    """A small code that must keep what matters most.

    Args:
      code: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      loss: reconstruction loss, mse or bce.
    """
    return Autoencoder(spec, *pair("mlp", spec.shape, code, hidden=hidden, own=own), loss=loss)
