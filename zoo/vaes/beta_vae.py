"""β-VAE: β weights the KL divergence against the reconstruction. Higgins et al., ICLR 2017 (openreview Sy2fzU9gl)."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.networks.own import Own
from zoo.vaes.family import VAE, assemble, elbo


@recipe(
    family="vae",
    reference="ICLR 2017, Higgins et al.",
    claims=[
        Claim("the KL falls as β grows", "kl", "beta_vae beta=1"),
        Claim("the error rises as β grows", "test_error", "beta_vae beta=1", "above"),
    ],
    epochs=40,
    learning_rate=1e-3,
)
def beta_vae(
    spec: Spec,
    own: Own | None = None,
    *,
    latent: int = 16,
    hidden: tuple[int, ...] = (512, 256),
    beta: float = 4.0,
    beta_warmup: float = 0.2,
    likelihood: str = "bernoulli",
    networks: str = "mlp",
) -> VAE:
    """β weights the KL divergence against the reconstruction.

    Args:
      latent: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      beta: weight of the KL divergence.
      beta_warmup: share of the run, 0 to 1, over which the weight rises from 0 to beta.
      likelihood: p(x | z): bernoulli, gaussian or logistic.
      networks: mlp, or conv for images.
    """
    game = elbo(beta, warmup=beta_warmup)
    return assemble(spec, own, latent=latent, hidden=hidden, networks=networks, likelihood=likelihood, game=game)
