"""What all autoencoders share: an encoder, a decoder, one player that pays for what is lost."""

from collections.abc import Callable, Mapping, Sequence
from typing import final

import keras
import tensorflow as tf

from zoo.core.errors import unknown
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
    seed_spec,
    to_wire,
)
from zoo.core.random import Seed
from zoo.losses import reconstruction

LOSSES: Mapping[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "mse": lambda x, logits: reconstruction.squared_error(x, tf.tanh(logits / 2)),
    "bce": lambda x, logits: reconstruction.bernoulli(to_wire(x), logits),
}
"""Of x in [-1, 1] and the decoder's logits, summed over features."""

Corruption = Callable[[tf.Tensor, Seed], tf.Tensor]
"""(x in [-1, 1], seed) -> x̃."""

Penalty = Callable[[keras.Model, tf.Tensor, tf.Tensor, Seed], Terms]
"""(encoder, x̃, its codes, seed) -> terms paid for the codes."""


@final
class Autoencoder(GenerativeModel):
    """x -> x̃ -> h = f(x̃) -> x̂ = g(h), with `loss` a name of `LOSSES` between x and x̂.

    Args:
      encoder: (B, *shape) in [-1, 1] -> codes (B, D).
      decoder: codes (B, D) -> logits (B, *shape); x̂ = 2 σ(logits) − 1.
      corrupt: what makes x̃ of x in training; none for x̃ = x.
      penalty: what is paid for codes.
      before: players of their own that move first, until the share `start` of the run.
      opponents: players that move after the autoencoder, in every turn.
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
        main = Player("autoencoder", [encoder, decoder], self.loss, during=(start, 1.0))
        self.players = [*before, *([main] if start < 1.0 else []), *opponents]

    def loss(self, batch: Batch, seed: Seed) -> Terms:
        """Σ over features of the distance between x and x̂, and what the codes cost."""
        x = self.corrupt(batch.x, seed.fold("corruption")) if self.corrupt else batch.x
        codes = self.encoder(x, training=True)
        paid = self.penalty(self.encoder, x, codes, seed.fold("penalty")) if self.penalty else {}
        return {"reconstruction": self.reconstruction(batch.x, self.decoder(codes, training=True)), **paid}

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """Both networks."""
        return [self.encoder, self.decoder]

    def decode(self, codes: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Codes (B, D) -> images (B, *shape) in [0, 1]."""
        return {"images": tf.sigmoid(self.decoder(codes, training=False))}

    def encode(self, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> codes (B, D)."""
        return {"codes": self.encoder(from_wire(images), training=False)}

    def reconstruct(self, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> their reconstructions, and the mean squared error of each (B,)."""
        again = self.decode(self.encode(images)["codes"])["images"]
        return {"images": again, "error": mean_squared_error(images, again)}

    def denoise(self, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Noisy images in [0, 1] -> what they were before the noise."""
        return {"images": self.reconstruct(images)["images"]}

    def anomaly(self, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Images in [0, 1] -> how unlike the training data each is: its reconstruction's error, (B,)."""
        return {"score": self.reconstruct(images)["error"]}

    def sample(self, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Seeds (B,) -> images in [0, 1] decoded from N(0, I); row i depends on seed[i] alone."""
        return self.decode(Seed.of(seed).normal((self.code,)))

    def signatures(self) -> Mapping[str, Signature]:
        """reconstruct, encode, decode, anomaly; before them denoise of a denoiser, sample where codes have a prior."""
        images = {"images": images_spec(self.spec)}
        codes = {"codes": tf.TensorSpec((None, self.code), tf.float32)}
        denoise = {"denoise": Signature(self.denoise, images)} if self.corrupt else {}
        sample = {"sample": Signature(self.sample, {"seed": seed_spec()})} if self.prior else {}
        return {
            **denoise,
            **sample,
            "reconstruct": Signature(self.reconstruct, images),
            "encode": Signature(self.encode, images),
            "decode": Signature(self.decode, codes),
            "anomaly": Signature(self.anomaly, images),
        }

    def pictures(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """What goes in, each with what comes out to its right; before them draws, where codes have a prior."""
        count = batch.x.shape[0]
        x = self.corrupt(batch.x, Seed(seed.rows[:count])) if self.corrupt else batch.x
        x = tf.clip_by_value(x, -1.0, 1.0)
        beside = interleave(x, from_wire(self.reconstruct(to_wire(x))["images"]))
        if not self.prior:
            return beside
        return tf.concat([from_wire(self.decode(seed.normal((self.code,)))["images"]), beside], axis=0)


def mean_squared_error(images: tf.Tensor, again: tf.Tensor) -> tf.Tensor:
    """Per example, of images in [0, 1]: (B,)."""
    return reconstruction.squared_error(images, again) / tf.cast(tf.size(images[0]), tf.float32)
