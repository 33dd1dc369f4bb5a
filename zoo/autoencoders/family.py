"""What all autoencoders share: an encoder, a decoder, and one player that minimises the reconstruction loss."""

from collections.abc import Callable, Mapping, Sequence
from typing import final

import keras
import tensorflow as tf

from zoo.core import features
from zoo.core.errors import unknown
from zoo.core.features import Spec, to_unit
from zoo.core.model import Batch, GenerativeModel, Player, Signature, Terms, interleave
from zoo.core.random import Seed
from zoo.losses import reconstruction

LOSSES: Mapping[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "mse": lambda x, logits: reconstruction.squared_error(x, tf.tanh(logits / 2)),
    "bce": lambda x, logits: reconstruction.bernoulli(to_unit(x), logits),
}
"""(x (B, *shape) in [-1, 1], the decoder's logits (B, *shape)) -> the loss (B,), summed over an example's values."""

Corruption = Callable[[tf.Tensor, Seed], tf.Tensor]
"""(x (B, *shape) in [-1, 1], seed) -> the corrupted x̃, of the same shape."""

Penalty = Callable[[keras.Model, tf.Tensor, tf.Tensor, Seed], Terms]
"""(encoder, x̃, its codes (B, D), seed) -> further terms of the loss, weights included."""


@final
class Autoencoder(GenerativeModel):
    """x -> x̃ -> h = f(x̃) -> x̂ = g(h), trained to make x̂ like x.

    Args:
      encoder: f, (B, *shape) in [-1, 1] -> codes (B, D).
      decoder: g, codes (B, D) -> logits (B, *shape); x̂ = 2 σ(logits) − 1.
      loss: a name of LOSSES, between x and x̂.
      corrupt: gives x̃ of x in training; None for x̃ = x.
      penalty: further terms of the loss, of the codes.
      before: players that are updated before the autoencoder, in the first `start` of the run.
      start: the share of the run after which the autoencoder itself is updated, 0 to 1.
      opponents: players that are updated after the autoencoder in every step.
      prior: whether codes are trained to be N(0, I), so that the model samples.
    """

    def __init__(
        self,
        spec: Spec,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        loss: str,
        corrupt: Corruption | None = None,
        penalty: Penalty | None = None,
        before: Sequence[Player] = (),
        start: float = 0.0,
        opponents: Sequence[Player] = (),
        prior: bool = False,
    ) -> None:
        if loss not in LOSSES:
            raise unknown("loss", loss, LOSSES)
        self.spec, self.encoder, self.decoder = spec, encoder, decoder
        self.reconstruction, self.corrupt, self.penalty, self.prior = LOSSES[loss], corrupt, penalty, prior
        self.code: int = encoder.output_shape[-1]
        main = Player("autoencoder", [encoder, decoder], self.loss, active=(start, 1.0))
        self.players = [*before, *([main] if start < 1.0 else []), *opponents]

    def loss(self, batch: Batch, seed: Seed) -> Terms:
        """The reconstruction loss of x given x̃, summed over an example's values, and the penalty of the codes."""
        x = batch[self.spec.target]
        corrupted = self.corrupt(x, seed.fold("corruption")) if self.corrupt else x
        codes = self.encoder(corrupted, training=True)
        penalty = self.penalty(self.encoder, corrupted, codes, seed.fold("penalty")) if self.penalty else {}
        return {"reconstruction": self.reconstruction(x, self.decoder(codes, training=True)), **penalty}

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """Both networks."""
        return [self.encoder, self.decoder]

    def decode(self, codes: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Codes (B, D) -> x̂ (B, *shape)."""
        return {"x": tf.tanh(self.decoder(codes, training=False) / 2)}

    def encode(self, x: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """x (B, *shape) -> codes (B, D)."""
        return {"codes": self.encoder(x, training=False)}

    def reconstruct(self, x: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """x (B, *shape) -> x̂, and the mean squared error of each example (B,), as `unit_error` has it."""
        again = self.decode(self.encode(x)["codes"])["x"]
        return {"x": again, "error": unit_error(x, again)}

    def denoise(self, x: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Noisy x (B, *shape) -> the estimate of x without noise."""
        return {"x": self.reconstruct(x)["x"]}

    def anomaly(self, x: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """x (B, *shape) -> how unlike the training data each example is: its reconstruction error, (B,)."""
        return {"score": self.reconstruct(x)["error"]}

    def sample(self, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Seeds (B,) -> examples decoded from N(0, I), (B, *shape); row i depends on seed[i] alone."""
        return self.decode(Seed.of(seed).normal((self.code,)))

    def signatures(self) -> Mapping[str, Signature]:
        """reconstruct, encode, decode, anomaly; before them denoise of a denoiser, sample where codes have a prior."""
        x, codes = {"x": self.spec.feature}, {"codes": features.vector(self.code)}
        denoise = {"denoise": Signature(self.denoise, x, x)} if self.corrupt else {}
        sample = {"sample": Signature(self.sample, {"seed": features.seed()}, x)} if self.prior else {}
        return {
            **denoise,
            **sample,
            "reconstruct": Signature(self.reconstruct, x, {**x, "error": features.vector()}),
            "encode": Signature(self.encode, x, codes),
            "decode": Signature(self.decode, codes, x),
            "anomaly": Signature(self.anomaly, x, {"score": features.vector()}),
        }

    def preview(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Examples, corrupted if in training, each followed by its reconstruction; before them samples of the prior."""
        x = batch[self.spec.target]
        if self.corrupt:
            x = self.corrupt(x, Seed(seed.rows[: x.shape[0]]))
        x = tf.clip_by_value(x, -1.0, 1.0)
        beside = interleave(x, self.reconstruct(x)["x"])
        if not self.prior:
            return beside
        return tf.concat([self.decode(seed.normal((self.code,)))["x"], beside], axis=0)


def unit_error(x: tf.Tensor, again: tf.Tensor) -> tf.Tensor:
    """The mean squared error of each example on the scale of [0, 1]: (B, *shape) in [-1, 1] twice -> (B,)."""
    return reconstruction.mean_squared_error(to_unit(x), to_unit(again))
