"""The convolutional autoencoder: weights shared over positions suit images. Masci et al., ICANN 2011.

Strided convolutions replace the paper's pooling.
"""

from zoo.autoencoders.family import Autoencoder
from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.networks.own import Own
from zoo.networks.pairs import pair


@recipe(
    family="autoencoder",
    reference="doi 10.1007/978-3-642-21735-7_7",
    kinds=("image",),
    claims=[Claim("convolutions suit images", "test_error", "undercomplete code=32")],
    epochs=20,
    learning_rate=1e-3,
)
def convolutional(
    spec: Spec, own: Own | None = None, *, code: int = 32, width: int = 32, loss: str = "mse"
) -> Autoencoder:
    """Convolutions, whose weights are shared over positions, suit images.

    Args:
      code: numbers in a code.
      width: channels at half the resolution of the images; they double at each level below.
      loss: reconstruction loss, mse or bce.
    """
    return Autoencoder(spec, *pair("conv", spec.shape, code, width=width, own=own), loss=loss)
