"""What variational autoencoders share: q(z|x), p(z) and p(x|z), and what is done with them."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import keras
import tensorflow as tf

from zoo.autoencoders.family import unit_error
from zoo.core import features
from zoo.core.conditions import example_conditions
from zoo.core.errors import UserError
from zoo.core.features import Feature, Spec, from_unit, to_unit
from zoo.core.model import Batch, GenerativeModel, Player, Signature, Terms, interleave
from zoo.core.random import Seed
from zoo.losses import likelihood as likelihoods
from zoo.losses.divergence import kl_standard_normal
from zoo.losses.likelihood import Likelihood
from zoo.networks.own import Own
from zoo.networks.pairs import pair
from zoo.vaes.distributions import DiagonalNormal, Posterior, Prior, StandardNormal

Game = Callable[["VAE"], Sequence[Player]]
"""The players of a VAE, given the model."""


@final
class VAE(GenerativeModel):
    """The variational autoencoder. Kingma & Welling, arXiv 1312.6114.

    The reconstruction is summed over an example's values and the KL over the code, both in nats; the engine averages
    them over the batch. Dividing either by its size would change their balance, which is a different model.

    Args:
      encoder: (B, *shape) in [-1, 1], with the label's one-hot code appended if conditional -> what `posterior` takes.
      decoder: codes (B, D), with the label's one-hot code appended if conditional -> what `likelihood` takes.
      latent: D, the size of a code.
      likelihood: p(x|z).
      game: gives the players; by default one player that minimises −ELBO.
      posterior: q(z|x) of the encoder's outputs; by default a normal distribution with a diagonal covariance.
      prior: p(z); by default N(0, I).
      conditional: whether both networks are conditioned on the label.
      importance_samples: codes that `log_likelihood` samples for each example.
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

    def label(self, batch: Batch) -> tf.Tensor | None:
        """The batch's labels (B,) if the model is conditional."""
        return batch["label"] if self.conditional else None

    def given(self, x: tf.Tensor, label: tf.Tensor | None) -> tf.Tensor:
        """x; if the model is conditional, x flat with the label's one-hot code appended: (B, F + K)."""
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
        """log p(x, z) − log q(z|x) of k codes sampled from q(z|x): (B, k).

        Burda et al., arXiv 1509.00519, equation 8.
        """
        hidden = tf.repeat(self.infer(x, label, training=training), k, axis=0)
        z, log_q = self.posterior.sample(hidden, tf.reshape(seed.normal((k, self.latent)), (-1, self.latent)))
        labels = tf.repeat(label, k, axis=0) if self.conditional else None
        log_px = self.likelihood.log_prob(to_unit(tf.repeat(x, k, axis=0)), self.outputs(z, labels, training=training))
        return tf.reshape(log_px + self.prior.log_prob(self, z) - log_q, (-1, k))

    # Signatures. `label` (B,) is an input of each if the model is conditional.

    def encode(self, x: tf.Tensor, label: tf.Tensor | None = None) -> Mapping[str, tf.Tensor]:
        """x (B, *shape) -> μ and log σ² of q(z|x), (B, D) each."""
        mean, log_variance = self.posterior.moments(self.infer(x, label))
        return {"mean": mean, "log_variance": log_variance}

    def decode(self, codes: tf.Tensor, label: tf.Tensor | None = None) -> Mapping[str, tf.Tensor]:
        """Codes (B, D) -> the mean of p(x|z), (B, *shape)."""
        return {"x": from_unit(self.likelihood.mean(self.outputs(codes, label)))}

    def reconstruct(self, x: tf.Tensor, label: tf.Tensor | None = None) -> Mapping[str, tf.Tensor]:
        """x (B, *shape) -> its reconstruction from the centre of q(z|x), and the error (B,), see `unit_error`."""
        hidden = self.infer(x, label)
        again = self.decode(self.posterior.centre(hidden), label)["x"]
        return {"x": again, "error": unit_error(x, again)}

    def sample(self, seed: tf.Tensor, label: tf.Tensor | None = None) -> Mapping[str, tf.Tensor]:
        """Seeds (B,) -> examples (B, *shape); row i depends on seed[i], and label[i] if conditional, alone."""
        return self.decode(self.prior.sample(self, Seed.of(seed)), label)

    def log_likelihood(self, x: tf.Tensor, seed: tf.Tensor, label: tf.Tensor | None = None) -> Mapping[str, tf.Tensor]:
        """An estimate of log p(x) in nats (B,), by importance sampling from q(z|x).

        Burda et al., arXiv 1509.00519, equation 8. In expectation it is a lower bound, closer with more samples.
        """
        return {"log_likelihood": log_mean_exp(self.log_weights(x, label, Seed.of(seed), self.importance_samples))}

    def anomaly(self, x: tf.Tensor, label: tf.Tensor | None = None) -> Mapping[str, tf.Tensor]:
        """x (B, *shape) -> −ELBO in nats (B,), over four samples with the same noise for every example."""
        same = Seed.of(tf.zeros(tf.shape(x)[:1], tf.int64))
        return {"score": -tf.reduce_mean(self.log_weights(x, label, same, 4), axis=1)}

    def signatures(self) -> Mapping[str, Signature]:
        """sample, encode, decode, reconstruct, log_likelihood, anomaly."""
        label: dict[str, Feature] = {"label": self.spec.features["label"]} if self.conditional else {}
        x, code, number = {"x": self.spec.feature}, features.vector(self.latent), features.vector()
        seed, moments = {"seed": features.seed()}, {"mean": code, "log_variance": code}
        return {
            "sample": Signature(self.sample, {**seed, **label}, x),
            "encode": Signature(self.encode, {**x, **label}, moments),
            "decode": Signature(self.decode, {"codes": code, **label}, x),
            "reconstruct": Signature(self.reconstruct, {**x, **label}, {**x, "error": number}),
            "log_likelihood": Signature(self.log_likelihood, {**x, **seed, **label}, {"log_likelihood": number}),
            "anomaly": Signature(self.anomaly, {**x, **label}, {"score": number}),
        }

    def preview(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Samples, of each class in turn if conditional; then the examples, each followed by its reconstruction."""
        x = batch[self.spec.target]
        label = example_conditions(self.spec, seed.rows.shape[0]).get("label")
        samples = self.decode(self.prior.sample(self, seed), label)["x"]
        return tf.concat([samples, interleave(x, self.reconstruct(x, self.label(batch))["x"])], axis=0)


def assemble(
    spec: Spec,
    own: Own | None = None,
    *,
    latent: int,
    hidden: tuple[int, ...],
    networks: str = "mlp",
    likelihood: str = "bernoulli",
    more: int = 0,
    conditional: bool = False,
    **options: Any,
) -> VAE:
    """A VAE of an encoder and its mirror.

    Args:
      own: the user's `encoder` and `decoder`, see `zoo.networks.pairs`.
      networks: mlp or conv; a conditional model's are mlp.
      likelihood: bernoulli, gaussian or logistic.
      more: outputs of the encoder besides μ and log σ², for a posterior that takes them.
      options: of VAE.

    Errors: UserError for a name that is not known, and images too small for conv.
    """
    kind, classes = likelihoods.get(likelihood), spec.classes if conditional else 0
    if conditional and networks != "mlp":
        raise UserError(f"A conditional model's networks are mlp, which take a label beside x; received {networks!r}.")
    encoder, decoder = pair(
        networks,
        (math.prod(spec.shape) + classes,) if conditional else spec.shape,
        latent + classes,
        codes=2 * latent + more,
        outputs=kind.outputs(spec.shape),
        hidden=hidden,
        own=own,
    )
    return VAE(spec, encoder, decoder, latent=latent, likelihood=kind, conditional=conditional, **options)


def log_mean_exp(log_w: tf.Tensor) -> tf.Tensor:
    """log of the mean of exp over the last axis, (B, k) -> (B,)."""
    return tf.reduce_logsumexp(log_w, axis=-1) - math.log(log_w.shape[-1])


def elbo(beta: float = 1.0, *, warmup: float = 0.0) -> Game:
    """One player that minimises −E_q[log p(x|z)] + β KL(q(z|x) ‖ p(z)), with one z for each x.

    Kingma & Welling, equation 10. The KL is exact where both are normal, else log q(z|x) − log p(z) of the sampled z.

    Args:
      warmup: the share of the run over which the KL's weight rises from 0 to β (Bowman et al., arXiv 1511.06349).
    """

    def game(vae: VAE) -> Sequence[Player]:
        def loss(batch: Batch, seed: Seed) -> Terms:
            x, label = batch[vae.spec.target], vae.label(batch)
            hidden = vae.infer(x, label, training=True)
            z, log_q = vae.posterior.sample(hidden, seed.normal((vae.latent,)))
            log_px = vae.likelihood.log_prob(to_unit(x), vae.outputs(z, label, training=True))
            if isinstance(vae.posterior, DiagonalNormal) and isinstance(vae.prior, StandardNormal):
                kl = kl_standard_normal(*vae.posterior.moments(hidden))
            else:
                kl = log_q - vae.prior.log_prob(vae, z)
            return {"reconstruction": -log_px, "kl": beta * kl}

        return [Player("vae", vae.parts, loss, warmup={"kl": warmup} if warmup else {})]

    return game
