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
from zoo.vaes.family import VAE, Game, assemble


def learned_similarity(features: keras.Model, judge: keras.Model, gamma: float) -> Game:
    """Algorithm 1: the encoder pays KL + L_like, the decoder γ L_like − L_GAN, the discriminator L_GAN.

    L_like is ½ ‖D_l(x) − D_l(x̃)‖² of the discriminator's features D_l, with x̃ decoded from q(z|x).
    """
    adversarial_loss = non_saturating()

    def game(vae: VAE) -> Sequence[Player]:
        def generated(z: tf.Tensor) -> tf.Tensor:
            return from_unit(vae.likelihood.mean(vae.outputs(z, training=True)))

        def reconstructed(batch: Batch, seed: Seed) -> tuple[tf.Tensor, tf.Tensor]:
            hidden = vae.infer(batch[vae.spec.target], training=True)
            return generated(vae.posterior.sample(hidden, seed.normal((vae.latent,)))[0]), hidden

        def like(x: tf.Tensor, again: tf.Tensor) -> tf.Tensor:
            return 0.5 * squared_error(tf.stop_gradient(features(x)), features(again))

        def logit(x: tf.Tensor) -> tf.Tensor:
            return judge(features(x))[:, 0]

        def encode(batch: Batch, seed: Seed) -> Terms:
            again, hidden = reconstructed(batch, seed)
            return {
                "likeness": like(batch[vae.spec.target], again),
                "kl": kl_standard_normal(*vae.posterior.moments(hidden)),
            }

        def decode(batch: Batch, seed: Seed) -> Terms:
            again, _ = reconstructed(batch, seed)
            drawn = generated(seed.fold("prior").normal((vae.latent,)))
            return {
                "likeness": gamma * like(batch[vae.spec.target], again),
                "reconstructed": 0.5 * adversarial_loss.generator(logit(again)),
                "drawn": 0.5 * adversarial_loss.generator(logit(drawn)),
            }

        def discriminate(batch: Batch, seed: Seed) -> Terms:
            again, _ = reconstructed(batch, seed)
            drawn = generated(seed.fold("prior").normal((vae.latent,)))
            return {
                "real": adversarial_loss.real(logit(batch[vae.spec.target])),
                "reconstructed": 0.5 * adversarial_loss.fake(logit(again)),
                "drawn": 0.5 * adversarial_loss.fake(logit(drawn)),
            }

        return [
            Player("encoder", [vae.encoder], encode),
            Player("decoder", [vae.decoder], decode),
            Player("discriminator", [features, judge], discriminate),
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
    *,
    latent: int = 16,
    hidden: tuple[int, ...] = (512, 256),
    features: int = 128,
    gamma: float = 0.1,
    width: int = 32,
    networks: str = "mlp",
) -> VAE:
    """A discriminator's features say how alike two images are."""
    if networks == "conv":
        D = conv.encoder(spec.shape, features, width=width, name="features")
    else:
        D = mlp(spec.shape, hidden[:1], (features,), activation="leaky_relu", name="features")
    judge = mlp((features,), (features,), (1,), activation="leaky_relu", name="judge")
    game = learned_similarity(D, judge, gamma)
    return assemble(spec, latent=latent, hidden=hidden, networks=networks, game=game)
