"""VAE-GAN: reconstruction is measured in a discriminator's features. Larsen et al., arXiv 1512.09300."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from zoo.core.claims import Claim
from zoo.core.features import Spec, from_unit
from zoo.core.model import Batch, Player, Terms
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.losses.adversarial import non_saturating
from zoo.losses.divergence import kl_standard_normal
from zoo.losses.reconstruction import squared_error
from zoo.networks import conv
from zoo.networks.mlp import mlp
from zoo.networks.own import Own
from zoo.vaes.family import VAE, Game, assemble


def learned_similarity(features: keras.Model, head: keras.Model, gamma: float) -> Game:
    """Algorithm 1: the encoder minimises KL + L_like, the decoder γ L_like − L_GAN, the discriminator L_GAN.

    L_like is ½ ‖D_l(x) − D_l(x̃)‖² of the discriminator's features D_l, with x̃ decoded from q(z|x).

    Args:
      features: D_l, (B, *shape) -> (B, F).
      head: the rest of D, (B, F) -> (B, 1) logits.
      gamma: γ.
    """
    adversarial_loss = non_saturating()

    def game(vae: VAE) -> Sequence[Player]:
        def generated(z: tf.Tensor) -> tf.Tensor:
            return from_unit(vae.likelihood.mean(vae.outputs(z, training=True)))

        def reconstructed(batch: Batch, seed: Seed) -> tuple[tf.Tensor, tf.Tensor]:
            hidden = vae.infer(batch[vae.spec.target], training=True)
            return generated(vae.posterior.sample(hidden, seed.normal((vae.latent,)))[0]), hidden

        def feature_distance(x: tf.Tensor, again: tf.Tensor) -> tf.Tensor:
            return 0.5 * squared_error(tf.stop_gradient(features(x)), features(again))

        def logit(x: tf.Tensor) -> tf.Tensor:
            return head(features(x))[:, 0]

        def encode(batch: Batch, seed: Seed) -> Terms:
            again, hidden = reconstructed(batch, seed)
            return {
                "feature_distance": feature_distance(batch[vae.spec.target], again),
                "kl": kl_standard_normal(*vae.posterior.moments(hidden)),
            }

        def decode(batch: Batch, seed: Seed) -> Terms:
            again, _ = reconstructed(batch, seed)
            sampled = generated(seed.fold("prior").normal((vae.latent,)))
            return {
                "feature_distance": gamma * feature_distance(batch[vae.spec.target], again),
                "reconstructed": 0.5 * adversarial_loss.generator(logit(again)),
                "sampled": 0.5 * adversarial_loss.generator(logit(sampled)),
            }

        def discriminate(batch: Batch, seed: Seed) -> Terms:
            again, _ = reconstructed(batch, seed)
            sampled = generated(seed.fold("prior").normal((vae.latent,)))
            return {
                "real": adversarial_loss.real(logit(batch[vae.spec.target])),
                "reconstructed": 0.5 * adversarial_loss.fake(logit(again)),
                "sampled": 0.5 * adversarial_loss.fake(logit(sampled)),
            }

        return [
            Player("encoder", [vae.encoder], encode),
            Player("decoder", [vae.decoder], decode),
            Player("discriminator", [features, head], discriminate),
        ]

    return game


@recipe(
    family="vae",
    reference="arXiv 1512.09300",
    claims=[Claim("its samples are more like data than a VAE's", "decoded_frechet", "vae")],
    epochs=40,
    learning_rate=1e-3,
    beta_1=0.5,
)
def vae_gan(
    spec: Spec,
    own: Own | None = None,
    *,
    latent: int = 16,
    hidden: tuple[int, ...] = (512, 256),
    features: int = 128,
    gamma: float = 0.1,
    width: int = 32,
    networks: str = "mlp",
) -> VAE:
    """Reconstructions are compared in the features of a discriminator.

    Args:
      latent: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      features: number of the discriminator's features.
      gamma: γ, weight of the reconstruction against the adversarial loss in the decoder's loss.
      width: with networks=conv, channels of the discriminator at half the resolution.
      networks: mlp, or conv for images.
    """
    if networks == "conv":
        D = conv.encoder(spec.shape, features, width=width, name="features")
    else:
        D = mlp(spec.shape, hidden[:1], (features,), activation="leaky_relu", name="features")
    head = mlp((features,), (features,), (1,), activation="leaky_relu", name="head")
    game = learned_similarity(D, head, gamma)
    return assemble(spec, own, latent=latent, hidden=hidden, networks=networks, game=game)
