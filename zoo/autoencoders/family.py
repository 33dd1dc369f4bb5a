"""What all autoencoders share: an encoder, a decoder, one player that pays for what is lost."""

from collections.abc import Callable, Mapping, Sequence
from typing import final

import keras
import tensorflow as tf

from zoo.losses import reconstruction
from zoo.model import (
    Batch,
    GenerativeModel,
    Player,
    Signature,
    Spec,
    Terms,
    from_wire,
    images_spec,
    interleave,
    to_wire,
)
from zoo.noise import Seed

LOSSES: Mapping[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "mse": lambda x, logits: reconstruction.squared_error(x, tf.tanh(logits / 2)),
    "bce": lambda x, logits: reconstruction.bernoulli(to_wire(x), logits),
}
"""Of x in [-1, 1] and the decoder's logits, summed over features."""


@final
class Autoencoder(GenerativeModel):
    """x -> h = f(x) -> x̂ = g(h), with `loss` a name of `LOSSES`.

    Args:
      encoder: (B, *shape) in [-1, 1] -> codes (B, D).
      decoder: codes (B, D) -> logits (B, *shape); x̂ = 2 σ(logits) − 1.
    """

    def __init__(self, spec: Spec, encoder: keras.Model, decoder: keras.Model, *, loss: str) -> None:
        self.spec, self.encoder, self.decoder = spec, encoder, decoder
        self.reconstruction = LOSSES[loss]
        self.players = [Player("autoencoder", [encoder, decoder], self.loss)]

    def loss(self, batch: Batch, seed: Seed) -> Terms:
        """Σ over features of the distance between x and x̂."""
        x = batch.x
        return {"reconstruction": self.reconstruction(x, self.decoder(self.encoder(x, training=True), training=True))}

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """Both networks."""
        return self.networks

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

    def signatures(self) -> Mapping[str, Signature]:
        """reconstruct, encode, decode."""
        images = {"images": images_spec(self.spec)}
        codes = {"codes": tf.TensorSpec((None, *self.encoder.output_shape[1:]), tf.float32)}
        return {
            "reconstruct": Signature(self.reconstruct, images),
            "encode": Signature(self.encode, images),
            "decode": Signature(self.decode, codes),
        }

    def pictures(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Originals, each with its reconstruction to the right."""
        return interleave(batch.x, from_wire(self.reconstruct(to_wire(batch.x))["images"]))


def mean_squared_error(images: tf.Tensor, again: tf.Tensor) -> tf.Tensor:
    """Per example, of images in [0, 1]: (B,)."""
    return reconstruction.squared_error(images, again) / tf.cast(tf.size(images[0]), tf.float32)
