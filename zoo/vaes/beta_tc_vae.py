"""β-TC-VAE: β weights the total correlation of the codes alone. Chen et al., arXiv 1802.04942."""

from collections.abc import Sequence

from zoo.core.claims import Claim
from zoo.core.features import Spec, to_unit
from zoo.core.model import Batch, Player, Terms
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.core.replicas import gather
from zoo.losses.divergence import total_correlation
from zoo.networks.own import Own
from zoo.vaes.family import VAE, Game, assemble


def decomposed(beta: float, *, count: int, warmup: float) -> Game:
    """One player that minimises −E_q[log p(x|z)] + I(z; n) + β TC(z) + Σ_j KL(q(z_j) ‖ p(z_j)), equation 4.

    The last three terms are estimated from the whole batch, given the number of training examples, `count`.
    """

    def game(vae: VAE) -> Sequence[Player]:
        def loss(batch: Batch, seed: Seed) -> Terms:
            x, label = batch[vae.spec.target], vae.label(batch)
            hidden = vae.infer(x, label, training=True)
            z, _ = vae.posterior.sample(hidden, seed.normal((vae.latent,)))
            log_px = vae.likelihood.log_prob(to_unit(x), vae.outputs(z, label, training=True))
            mean, log_variance = vae.posterior.moments(hidden)
            information, correlation, each = total_correlation(gather(z), gather(mean), gather(log_variance), count)
            return {
                "reconstruction": -log_px,
                "information": information,
                "total_correlation": beta * correlation,
                "dimension_wise_kl": each,
            }

        return [Player("vae", vae.parts, loss, warmup={"total_correlation": warmup})]

    return game


@recipe(
    family="vae",
    reference="arXiv 1802.04942",
    claims=[Claim("codes depend less on each other", "correlation", "beta_tc_vae beta=1")],
    epochs=40,
    learning_rate=1e-3,
)
def beta_tc_vae(
    spec: Spec,
    own: Own | None = None,
    *,
    latent: int = 10,
    hidden: tuple[int, ...] = (512, 256),
    beta: float = 6.0,
    count: int = 4_500,
    beta_warmup: float = 0.2,
    likelihood: str = "bernoulli",
    networks: str = "mlp",
) -> VAE:
    """β weights the total correlation of the codes alone.

    Args:
      latent: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      beta: weight of the total correlation.
      count: number of training examples.
      beta_warmup: share of the run, 0 to 1, over which the weight rises from 0 to beta.
      likelihood: p(x | z): bernoulli, gaussian or logistic.
      networks: mlp, or conv for images.
    """
    game = decomposed(beta, count=count, warmup=beta_warmup)
    return assemble(spec, own, latent=latent, hidden=hidden, networks=networks, likelihood=likelihood, game=game)
