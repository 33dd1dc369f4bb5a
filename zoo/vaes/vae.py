"""The variational autoencoder: Kingma & Welling, arXiv 1312.6114; Rezende et al., arXiv 1401.4082."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.networks.own import Own
from zoo.vaes.family import VAE, assemble, elbo


@recipe(
    family="vae",
    reference="arXiv 1312.6114",
    claims=[
        Claim("random codes decode to data, where an autoencoder's do not", "decoded_frechet", "undercomplete code=16")
    ],
    epochs=40,
    learning_rate=1e-3,
)
def vae(
    spec: Spec,
    own: Own | None = None,
    *,
    latent: int = 16,
    hidden: tuple[int, ...] = (512, 256),
    beta: float = 1.0,
    likelihood: str = "bernoulli",
    networks: str = "mlp",
    importance_samples: int = 64,
) -> VAE:
    """Random codes decode to data: maximises a bound of log p(x).

    Args:
      latent: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      beta: weight of the KL divergence; 1 makes the objective a bound of log p(x).
      likelihood: p(x | z): bernoulli, gaussian or logistic.
      networks: mlp, or conv for images.
      importance_samples: codes sampled for each example to estimate log p(x) in the exported model.
    """
    return assemble(
        spec,
        own,
        latent=latent,
        hidden=hidden,
        networks=networks,
        likelihood=likelihood,
        game=elbo(beta),
        importance_samples=importance_samples,
    )
