"""The VampPrior: a mixture of the posteriors of learnt inputs. Tomczak & Welling, arXiv 1705.07120."""

from typing import Any, final

import keras
import tensorflow as tf
import tensorflow_probability as tfp
from keras import layers

from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.networks.own import Own
from zoo.vaes.distributions import Inference, Prior
from zoo.vaes.family import VAE, assemble

tfd = tfp.distributions


@final
class Vamp(Prior):
    """p(z) = 1/K Σ_k q(z|u_k), equation 9; the pseudo-inputs u_k in [-1, 1] are learnt."""

    def __init__(self, spec: Spec, count: int) -> None:
        one_hot = keras.Input((count,))
        start = keras.initializers.RandomNormal(-1.0, 0.5)
        u = layers.Dense(tf.TensorShape(spec.shape).num_elements(), use_bias=False, kernel_initializer=start)(one_hot)
        u = layers.Activation("tanh", dtype="float32")(layers.Reshape(spec.shape)(u))
        self.inputs = keras.Model(one_hot, u, name="pseudo_inputs")
        self.networks, self.count = [self.inputs], count

    def distribution(self, vae: Inference) -> Any:
        """p(z) as a distribution of tensorflow-probability."""
        mean, log_variance = vae.posterior.moments(vae.infer(self.inputs(tf.eye(self.count))))
        return tfd.MixtureSameFamily(
            tfd.Categorical(tf.zeros(self.count)), tfd.MultivariateNormalDiag(mean, tf.exp(0.5 * log_variance))
        )

    def log_prob(self, vae: Inference, z: tf.Tensor) -> tf.Tensor:
        """See Prior."""
        return self.distribution(vae).log_prob(z)

    def sample(self, vae: Inference, seed: Seed) -> tf.Tensor:
        """See Prior."""
        mean, log_variance = vae.posterior.moments(vae.infer(self.inputs(tf.eye(self.count))))
        k = tf.cast(seed.fold("component").uniform((), 0.0, self.count), tf.int32)
        return tf.gather(mean, k) + tf.exp(0.5 * tf.gather(log_variance, k)) * seed.normal((mean.shape[-1],))


@recipe(
    family="vae",
    reference="arXiv 1705.07120",
    claims=[Claim("a learnt prior makes data likelier", "log_likelihood", "vae", "above")],
    epochs=40,
    learning_rate=1e-3,
)
def vamp_vae(
    spec: Spec,
    own: Own | None = None,
    *,
    components: int = 64,
    latent: int = 16,
    hidden: tuple[int, ...] = (512, 256),
    likelihood: str = "bernoulli",
) -> VAE:
    """The prior is a learnt mixture of posteriors.

    Args:
      components: number of posteriors in the mixture.
      latent: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      likelihood: p(x | z): bernoulli, gaussian or logistic.
    """
    return assemble(spec, own, latent=latent, hidden=hidden, likelihood=likelihood, prior=Vamp(spec, components))
