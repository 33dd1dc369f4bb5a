"""The importance-weighted autoencoder: more samples, a tighter bound. Burda, Grosse & Salakhutdinov, 1509.00519."""

from collections.abc import Sequence

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.model import Batch, Player, Terms
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.networks.own import Own
from zoo.vaes.family import VAE, Game, assemble, log_mean_exp


def importance_weighted(k: int) -> Game:
    """One player that minimises −E[log 1/k Σ p(x, z_i) / q(z_i|x)], equation 8; with k = 1 it is −ELBO."""

    def game(vae: VAE) -> Sequence[Player]:
        def loss(batch: Batch, seed: Seed) -> Terms:
            log_w = vae.log_weights(batch[vae.spec.target], vae.label(batch), seed, k, training=True)
            return {"bound": -log_mean_exp(log_w)}

        return [Player("vae", vae.parts, loss)]

    return game


@recipe(
    family="vae",
    reference="arXiv 1509.00519",
    claims=[
        Claim("more samples give a tighter bound", "tightening", "0", "above"),
        Claim("data are likelier than under a VAE", "log_likelihood", "iwae k=1", "above"),
    ],
    epochs=40,
    learning_rate=1e-3,
)
def iwae(
    spec: Spec,
    own: Own | None = None,
    *,
    k: int = 5,
    latent: int = 16,
    hidden: tuple[int, ...] = (256, 256),
    likelihood: str = "bernoulli",
) -> VAE:
    """More samples of the posterior give a tighter bound of log p(x).

    Args:
      k: codes sampled for each example in training.
      latent: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      likelihood: p(x | z): bernoulli, gaussian or logistic.
    """
    return assemble(spec, own, latent=latent, hidden=hidden, likelihood=likelihood, game=importance_weighted(k))
