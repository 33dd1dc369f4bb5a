"""What variational autoencoders share: q(z|x), p(z) and p(x|z), and what is done with them."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import keras
import tensorflow as tf

from zoo.autoencoders.family import mean_squared_error
from zoo.core.errors import UserError
from zoo.core.model import (
    Batch,
    GenerativeModel,
    Player,
    Signature,
    Spec,
    Terms,
    from_wire,
    images_spec,
    interleave,
    label_spec,
    seed_spec,
    to_wire,
)
from zoo.core.random import Seed
from zoo.losses import likelihood as likelihoods
from zoo.losses.divergence import kl_standard_normal
from zoo.losses.likelihood import Likelihood
from zoo.networks.pairs import pair
from zoo.vaes.distributions import DiagonalNormal, Posterior, Prior, StandardNormal

Game = Callable[["VAE"], Sequence[Player]]
"""The players of a VAE, given its parts."""


@final
class VAE(GenerativeModel):
    """The variational autoencoder. Kingma & Welling, arXiv 1312.6114.

    The reconstruction is summed over pixels and the KL over the code, both in nats; the engine averages them over the
    batch. Dividing either by its size would change their balance, which is a different model.

    Args:
      encoder: (B, *shape) in [-1, 1], with the label's one-hot code appended if conditional -> what `posterior` takes.
      decoder: codes (B, D), with the label's one-hot code appended if conditional -> what `likelihood` takes.
      likelihood: p(x|z).
      game: who plays; by default one player that pays −ELBO.
      posterior: q(z|x) of the encoder's outputs.
      prior: p(z).
      conditional: whether everything is given the label as well.
      importance_samples: how many codes `log_likelihood` draws for each image.
    """

    def __init__(
        self,
        spec: Spec,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        latent: int,
        likelihood: Likelihood,
        game: Game | None = None,
        posterior: Posterior | None = None,
        prior: Prior | None = None,
        conditional: bool = False,
        importance_samples: int = 64,
    ) -> None:
        if conditional and not spec.classes:
            raise UserError("A conditional model needs labels, and this data has none. Try vae, or labelled data.")
        self.spec, self.encoder, self.decoder = spec, encoder, decoder
        self.latent, self.likelihood, self.conditional = latent, likelihood, conditional
        self.posterior = posterior or DiagonalNormal()
        self.prior = prior or StandardNormal(latent)
        self.importance_samples = importance_samples
        self.players = list((game or elbo())(self))

    @property
    def parts(self) -> Sequence[keras.Model]:
        """Every network of p and q."""
        return [self.encoder, self.decoder, *self.posterior.networks, *self.prior.networks]

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """All networks of p and q."""
        return self.parts

    # q(z|x) and p(x|z), of x in [-1, 1].

    def given(self, x: tf.Tensor, label: tf.Tensor | None) -> tf.Tensor:
        """x with the label beside it, flat, if the model is conditional."""
        if not self.conditional:
            return x
        flat = tf.reshape(x, (-1, math.prod(x.shape[1:])))
        return tf.concat([flat, tf.one_hot(label, self.spec.classes)], axis=-1)

    def infer(self, x: tf.Tensor, label: tf.Tensor | None = None, *, training: bool = False) -> tf.Tensor:
        """The encoder's outputs for x."""
        return self.encoder(self.given(x, label), training=training)

    def outputs(self, z: tf.Tensor, label: tf.Tensor | None = None, *, training: bool = False) -> tf.Tensor:
        """The decoder's outputs for codes."""
        return self.decoder(self.given(z, label), training=training)

    def log_weights(
        self, x: tf.Tensor, label: tf.Tensor | None, seed: Seed, k: int, *, training: bool = False
    ) -> tf.Tensor:
        """log p(x, z) − log q(z|x) of k codes drawn from q(z|x): (B, k).

        Burda et al., arXiv 1509.00519, equation 8.
        """
        hidden = tf.repeat(self.infer(x, label, training=training), k, axis=0)
        z, log_q = self.posterior.sample(hidden, tf.reshape(seed.normal((k, self.latent)), (-1, self.latent)))
        labels = tf.repeat(label, k, axis=0) if self.conditional else None
        log_px = self.likelihood.log_prob(to_wire(tf.repeat(x, k, axis=0)), self.outputs(z, labels, training=training))
        return tf.reshape(log_px + self.prior.log_prob(self, z) - log_q, (-1, k))

    # Signatures, of images in [0, 1].

    def encode(self, images: tf.Tensor, label: tf.Tensor | None = None) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> μ and log σ² of q(z|x), (B, D) each."""
        mean, log_variance = self.posterior.moments(self.infer(from_wire(images), label))
        return {"mean": mean, "log_variance": log_variance}

    def decode(self, codes: tf.Tensor, label: tf.Tensor | None = None) -> Mapping[str, tf.Tensor]:
        """Codes (B, D) -> the mean of p(x|z), images in [0, 1]."""
        return {"images": self.likelihood.mean(self.outputs(codes, label))}

    def reconstruct(self, images: tf.Tensor, label: tf.Tensor | None = None) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> their reconstructions from the middle of q, and the mean squared error of each (B,)."""
        hidden = self.infer(from_wire(images), label)
        again = self.decode(self.posterior.centre(hidden), label)["images"]
        return {"images": again, "error": mean_squared_error(images, again)}

    def sample(self, seed: tf.Tensor, label: tf.Tensor | None = None) -> Mapping[str, tf.Tensor]:
        """Seeds (B,) -> images in [0, 1]; row i depends on seed[i] alone."""
        return self.decode(self.prior.sample(self, Seed.of(seed)), label)

    def log_likelihood(
        self, images: tf.Tensor, seed: tf.Tensor, label: tf.Tensor | None = None
    ) -> Mapping[str, tf.Tensor]:
        """log p(x) in nats (B,), by importance sampling from q(z|x): Burda et al., arXiv 1509.00519, equation 8.

        A lower bound in expectation, closer with more samples.
        """
        log_w = self.log_weights(from_wire(images), label, Seed.of(seed), self.importance_samples)
        return {"log_likelihood": log_mean_exp(log_w)}

    def anomaly(self, images: tf.Tensor, label: tf.Tensor | None = None) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> −ELBO in nats (B,), over four draws that are the same for every image."""
        same = Seed.of(tf.zeros(tf.shape(images)[:1], tf.int64))
        return {"score": -tf.reduce_mean(self.log_weights(from_wire(images), label, same, 4), axis=1)}

    def signatures(self) -> Mapping[str, Signature]:
        """sample, encode, decode, reconstruct, log_likelihood, anomaly; each takes the label if conditional."""
        images, seed = images_spec(self.spec), seed_spec()
        codes = tf.TensorSpec((None, self.latent), tf.float32)
        label = {"label": label_spec()} if self.conditional else {}
        return {
            "sample": Signature(self.sample, {"seed": seed, **label}),
            "encode": Signature(self.encode, {"images": images, **label}),
            "decode": Signature(self.decode, {"codes": codes, **label}),
            "reconstruct": Signature(self.reconstruct, {"images": images, **label}),
            "log_likelihood": Signature(self.log_likelihood, {"images": images, "seed": seed, **label}),
            "anomaly": Signature(self.anomaly, {"images": images, **label}),
        }

    def pictures(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Draws from the prior, then originals beside their reconstructions."""
        count = seed.rows.shape[0]
        label = tf.range(count) % max(1, self.spec.classes)
        drawn = from_wire(self.decode(self.prior.sample(self, seed), label)["images"])
        again = from_wire(self.reconstruct(to_wire(batch.x), batch.label)["images"])
        return tf.concat([drawn, interleave(batch.x, again)], axis=0)


def assemble(
    spec: Spec,
    *,
    latent: int,
    hidden: tuple[int, ...],
    networks: str = "mlp",
    likelihood: str = "bernoulli",
    beside: int = 0,
    conditional: bool = False,
    **options: Any,
) -> VAE:
    """A VAE of an encoder and its mirror.

    Args:
      networks: mlp or conv; a conditional model's are mlp.
      likelihood: bernoulli, gaussian or logistic.
      beside: how many numbers the encoder gives besides μ and log σ², for a posterior that takes more.
      options: of VAE.

    Errors: UserError for a name that is not known, and images too small for conv.
    """
    kind, more = likelihoods.get(likelihood), spec.classes if conditional else 0
    if conditional and networks != "mlp":
        raise UserError(f"A conditional model's networks are mlp, which take a label beside x; received {networks!r}.")
    encoder, decoder = pair(
        networks,
        (math.prod(spec.shape) + more,) if conditional else spec.shape,
        latent + more,
        codes=2 * latent + beside,
        outputs=kind.outputs(spec.shape),
        hidden=hidden,
    )
    return VAE(spec, encoder, decoder, latent=latent, likelihood=kind, conditional=conditional, **options)


def log_mean_exp(log_w: tf.Tensor) -> tf.Tensor:
    """log of the mean of exp over the last axis, (B, k) -> (B,)."""
    return tf.reduce_logsumexp(log_w, axis=-1) - math.log(log_w.shape[-1])


def elbo(beta: float = 1.0, *, warmup: float = 0.0) -> Game:
    """One player that pays −E_q[log p(x|z)] + β KL(q(z|x) ‖ p(z)): Kingma & Welling, equation 10, one z for each x.

    The KL is exact where both are normal, else log q(z|x) − log p(z) of the z drawn.

    Args:
      warmup: the share of the run over which the KL's weight rises from 0 to β (Bowman et al., arXiv 1511.06349).
    """

    def game(vae: VAE) -> Sequence[Player]:
        def pay(batch: Batch, seed: Seed) -> Terms:
            hidden = vae.infer(batch.x, batch.label, training=True)
            z, log_q = vae.posterior.sample(hidden, seed.normal((vae.latent,)))
            log_px = vae.likelihood.log_prob(to_wire(batch.x), vae.outputs(z, batch.label, training=True))
            if isinstance(vae.posterior, DiagonalNormal) and isinstance(vae.prior, StandardNormal):
                kl = kl_standard_normal(*vae.posterior.moments(hidden))
            else:
                kl = log_q - vae.prior.log_prob(vae, z)
            return {"reconstruction": -log_px, "kl": beta * kl}

        return [Player("vae", vae.parts, pay, warmup={"kl": warmup} if warmup else {})]

    return game
