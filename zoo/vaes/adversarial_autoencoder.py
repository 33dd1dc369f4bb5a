"""The adversarial autoencoder: a discriminator makes the codes follow the prior. Makhzani et al., arXiv 1511.05644."""

import tensorflow as tf

from zoo.autoencoders.family import Autoencoder
from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.model import Batch, Player, Terms
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.losses.adversarial import non_saturating
from zoo.networks.mlp import mlp
from zoo.networks.own import Own
from zoo.networks.pairs import pair


@recipe(
    family="vae",
    reference="arXiv 1511.05644",
    claims=[Claim("its codes fill the prior, so that random codes decode", "decoded_frechet", "undercomplete code=8")],
    epochs=60,
    learning_rate=1e-3,
)
def adversarial_autoencoder(
    spec: Spec,
    own: Own | None = None,
    *,
    latent: int = 8,
    hidden: tuple[int, ...] = (512, 256),
    discriminator: tuple[int, ...] = (256, 256),
    adversarial_weight: float = 1.0,
    loss: str = "mse",
    networks: str = "mlp",
) -> Autoencoder:
    """A discriminator of codes makes their distribution the prior.

    Each training step updates the autoencoder, then the discriminator, then the encoder against it.

    Args:
      latent: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      discriminator: units of each hidden layer of the discriminator.
      adversarial_weight: weight of the encoder's adversarial loss.
      loss: reconstruction loss, mse or bce.
      networks: mlp, or conv for images.
    """
    encoder, decoder = pair(networks, spec.shape, latent, hidden=hidden, own=own)
    D = mlp((latent,), discriminator, (1,), activation="leaky_relu", name="discriminator")
    adversarial_loss = non_saturating()

    def discriminate(batch: Batch, seed: Seed) -> Terms:
        """Discriminator loss: samples of the prior are real, codes are generated."""
        codes = tf.stop_gradient(encoder(batch[spec.target], training=False))
        return {
            "real": adversarial_loss.real(D(seed.normal((latent,)))[:, 0]),
            "fake": adversarial_loss.fake(D(codes)[:, 0]),
        }

    def generate(batch: Batch, seed: Seed) -> Terms:
        """Generator loss: the encoder generates the codes."""
        codes = encoder(batch[spec.target], training=True)
        return {"fake": adversarial_weight * adversarial_loss.generator(D(codes)[:, 0])}

    opponents = [
        Player("discriminator", [D], discriminate),
        Player("generator", [encoder], generate),
    ]
    return Autoencoder(spec, encoder, decoder, loss=loss, opponents=opponents, prior=True)
