"""A VAE whose posterior is a normalising flow. Rezende & Mohamed, arXiv 1505.05770.

The flow consists of affine coupling layers (Dinh et al., arXiv 1605.08803), conditioned on outputs of the encoder.
"""

from collections.abc import Callable
from typing import Any, final

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.registry import recipe
from zoo.losses.divergence import bounded, log_normal
from zoo.networks.mlp import mlp
from zoo.networks.own import Own
from zoo.vaes.distributions import Posterior
from zoo.vaes.family import VAE, assemble

tfb = tfp.bijectors


@final
class Flow(Posterior):
    """z_K = f_K ∘ ... ∘ f_1 (z_0) of a normal z_0: log q(z_K|x) = log q(z_0|x) − Σ log |det ∂f_k/∂z_(k−1)|, equation 6.

    The encoder gives μ and log σ² of z_0, and `context` numbers on which every coupling layer is conditioned.
    """

    def __init__(self, latent: int, *, flows: int, hidden: int, context: int) -> None:
        self.latent, self.context, self.kept = latent, context, (latent + 1) // 2
        width = (self.kept + context,), (hidden,), (2, latent - self.kept)
        self.networks = [mlp(*width, activation="tanh", name=f"flow{i + 1}") for i in range(flows)]

    def moments(self, hidden: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """See Posterior."""
        mean, log_variance = tf.split(hidden[:, : 2 * self.latent], 2, axis=-1)
        return mean, bounded(log_variance)

    def bijector(self, context: tf.Tensor) -> Any:
        """f = f_K ∘ ... ∘ f_1; between layers the order of the code's dimensions is reversed."""

        def layer(network: keras.Model) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
            def shift_and_log_scale(kept: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
                shift, log_scale = tf.unstack(network(tf.concat([kept, context], axis=-1)), axis=1)
                return shift, tf.tanh(log_scale)

            return shift_and_log_scale

        reverse = tfb.Permute(list(range(self.latent))[::-1])
        steps = [tfb.RealNVP(self.kept, shift_and_log_scale_fn=layer(n)) for n in self.networks]
        return tfb.Chain([part for step in reversed(steps) for part in (reverse, step)])

    def sample(self, hidden: tf.Tensor, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """See Posterior."""
        mean, log_variance = self.moments(hidden)
        start = mean + tf.exp(0.5 * log_variance) * noise
        flow = self.bijector(hidden[:, 2 * self.latent :])
        return flow.forward(start), log_normal(start, mean, log_variance) - flow.forward_log_det_jacobian(start, 1)

    def centre(self, hidden: tf.Tensor) -> tf.Tensor:
        """The flow of the mean, f(μ)."""
        return self.bijector(hidden[:, 2 * self.latent :]).forward(self.moments(hidden)[0])


@recipe(
    family="vae",
    reference="arXiv 1505.05770",
    claims=[Claim("a richer posterior makes data likelier", "log_likelihood", "vae latent=4", "above")],
    epochs=60,
    learning_rate=1e-3,
)
def flow_vae(
    spec: Spec,
    own: Own | None = None,
    *,
    latent: int = 4,
    hidden: tuple[int, ...] = (512, 256),
    flows: int = 4,
    flow_hidden: int = 64,
    context: int = 16,
    likelihood: str = "bernoulli",
) -> VAE:
    """A normalising flow makes the posterior richer than a normal one.

    The gain is largest with short codes: with long ones a normal posterior is nearly as good.

    Args:
      latent: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      flows: number of coupling layers.
      flow_hidden: units of each coupling layer's hidden layer.
      context: number of the encoder's outputs that each coupling layer is conditioned on.
      likelihood: p(x | z): bernoulli, gaussian or logistic.
    """
    posterior = Flow(latent, flows=flows, hidden=flow_hidden, context=context)
    return assemble(spec, own, latent=latent, hidden=hidden, likelihood=likelihood, more=context, posterior=posterior)
