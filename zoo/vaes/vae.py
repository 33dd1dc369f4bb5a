"""The variational autoencoder: Kingma & Welling, arXiv 1312.6114; Rezende et al., arXiv 1401.4082."""

from zoo.model import Spec
from zoo.networks.mlp import mlp
from zoo.registry import recipe
from zoo.vaes.family import VAE


@recipe(family="vae", reference="arXiv 1312.6114", epochs=40, learning_rate=1e-3)
def vae(
    spec: Spec,
    *,
    latent: int = 16,
    hidden: tuple[int, ...] = (512, 256),
    beta: float = 1.0,
    importance_samples: int = 64,
) -> VAE:
    """Random codes decode to data: maximises a bound of log p(x)."""
    encoder = mlp(spec.shape, hidden, (2 * latent,), name="encoder")
    decoder = mlp((latent,), hidden[::-1], spec.shape, name="decoder")
    return VAE(spec, encoder, decoder, beta=beta, importance_samples=importance_samples)
