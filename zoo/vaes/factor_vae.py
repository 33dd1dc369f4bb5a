"""FactorVAE: a discriminator of codes estimates their total correlation. Kim & Mnih, arXiv 1802.05983."""

from collections.abc import Sequence

import tensorflow as tf

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.model import Batch, Player, Terms
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.core.replicas import gather
from zoo.networks.mlp import mlp
from zoo.networks.own import Own
from zoo.vaes.family import VAE, Game, assemble, elbo


def permute_dims(z: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Each dimension of z (B, D) shuffled over the batch by the order of `noise` (B, D): algorithm 1."""
    order = tf.argsort(noise, axis=0)
    return tf.stack([tf.gather(z[:, j], order[:, j]) for j in range(z.shape[1])], axis=1)


def factored(gamma: float, units: Sequence[int]) -> Game:
    """The VAE minimises −ELBO + γ TC(z), as D estimates it; D learns to tell q(z) from Π q(z_j). Algorithm 2."""

    def game(vae: VAE) -> Sequence[Player]:
        D = mlp((vae.latent,), units, (1,), activation="leaky_relu", name="discriminator")
        (plain,) = elbo()(vae)

        def codes(batch: Batch, seed: Seed, *, training: bool) -> tf.Tensor:
            hidden = vae.infer(batch[vae.spec.target], vae.label(batch), training=training)
            return vae.posterior.sample(hidden, seed.normal((vae.latent,)))[0]

        def loss(batch: Batch, seed: Seed) -> Terms:
            """−ELBO + γ E[log D(z) / (1 − D(z))], equations 2 and 3; D's logit is this logarithm."""
            return {**plain.loss(batch, seed), "total_correlation": gamma * D(codes(batch, seed, training=True))[:, 0]}

        def discriminate(batch: Batch, seed: Seed) -> Terms:
            z = gather(tf.stop_gradient(codes(batch, seed, training=False)))
            shuffled = permute_dims(z, gather(seed.fold("order").uniform((vae.latent,))))
            return {"joint": 0.5 * tf.nn.softplus(-D(z)), "shuffled": 0.5 * tf.nn.softplus(D(shuffled))}

        return [Player("vae", vae.parts, loss), Player("discriminator", [D], discriminate)]

    return game


@recipe(
    family="vae",
    reference="arXiv 1802.05983",
    claims=[Claim("codes depend less on each other", "correlation", "factor_vae gamma=0")],
    epochs=40,
    learning_rate=1e-3,
)
def factor_vae(
    spec: Spec,
    own: Own | None = None,
    *,
    latent: int = 10,
    hidden: tuple[int, ...] = (512, 256),
    gamma: float = 10.0,
    discriminator: tuple[int, ...] = (256, 256, 256),
    likelihood: str = "bernoulli",
    networks: str = "mlp",
) -> VAE:
    """Penalises the total correlation of codes, estimated by a discriminator.

    Args:
      latent: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      gamma: weight of the total correlation.
      discriminator: units of each hidden layer of the discriminator.
      likelihood: p(x | z): bernoulli, gaussian or logistic.
      networks: mlp, or conv for images.
    """
    game = factored(gamma, discriminator)
    return assemble(spec, own, latent=latent, hidden=hidden, networks=networks, likelihood=likelihood, game=game)
