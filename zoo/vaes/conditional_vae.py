"""The conditional VAE, p(x|z, y): it generates a requested class. Sohn, Lee & Yan, NIPS 2015."""

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.networks.own import Own
from zoo.vaes.family import VAE, assemble


@recipe(
    family="vae",
    reference="NIPS 2015, Sohn et al.",
    condition=("label",),
    claims=[Claim("generates the requested class", "agreement", "0.9", "above")],
    epochs=120,
    learning_rate=2e-3,
)
def conditional_vae(
    spec: Spec,
    own: Own | None = None,
    *,
    latent: int = 4,
    hidden: tuple[int, ...] = (512, 256),
    likelihood: str = "bernoulli",
) -> VAE:
    """Generates a requested class: both networks are conditioned on the label.

    Args:
      latent: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      likelihood: p(x | z): bernoulli, gaussian or logistic.
    """
    return assemble(spec, own, latent=latent, hidden=hidden, likelihood=likelihood, conditional=True)
