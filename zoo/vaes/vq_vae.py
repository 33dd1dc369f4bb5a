"""VQ-VAE: discrete codes, and a prior that is learnt over them. Van den Oord et al., arXiv 1711.00937.

The prior is a causal transformer where the paper has a PixelCNN.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import final

import keras
import tensorflow as tf
from keras import layers

from zoo.autoencoders.family import unit_error
from zoo.core import features
from zoo.core.claims import Claim
from zoo.core.features import Feature, Spec
from zoo.core.model import Batch, GenerativeModel, Player, Signature, Terms, interleave
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.losses.reconstruction import squared_error
from zoo.networks import conv
from zoo.networks.mlp import mlp
from zoo.networks.own import Own, check_names, choose
from zoo.networks.transformer import causal


@final
class VQVAE(GenerativeModel):
    """x -> z_e (B, T, D) -> the nearest of K embeddings e at each of T positions -> x̂; and a prior p(codes).

    Args:
      encoder: (B, *shape) in [-1, 1] -> (B, T, D).
      decoder: (B, T, D) -> logits (B, *shape); x̂ = 2 σ(logits) − 1.
      embeddings: K.
      commitment: β of equation 3.
      switch: the share of the run, 0 to 1, after which the autoencoder is fixed and the prior is trained.
    """

    def __init__(
        self,
        spec: Spec,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        embeddings: int,
        commitment: float,
        switch: float,
    ) -> None:
        self.spec, self.encoder, self.decoder = spec, encoder, decoder
        self.K, self.commitment = embeddings, commitment
        self.T, D = encoder.output_shape[1:]
        one_hot = keras.Input((embeddings,))
        initial = keras.initializers.RandomUniform(-1.0 / embeddings, 1.0 / embeddings)
        rows = layers.Dense(D, use_bias=False, kernel_initializer=initial, dtype="float32")(one_hot)
        self.codebook = keras.Model(one_hot, rows, name="codebook")
        self.prior = causal(self.T, embeddings + self.T, embeddings)
        self.players = [
            Player("autoencoder", [encoder, decoder, self.codebook], self.loss, active=(0.0, switch)),
            Player("prior", [self.prior], self.prior_loss, active=(switch, 1.0)),
        ]

    @property
    def averaged(self) -> Sequence[keras.Model]:
        """Every network."""
        return self.networks

    def nearest(self, z: tf.Tensor) -> tf.Tensor:
        """argmin_k ‖z − e_k‖, equation 1: (B, T, D) -> int64 (B, T)."""
        e = self.codebook(tf.eye(self.K))
        distance = tf.reduce_sum(e**2, axis=-1) - 2.0 * tf.einsum("btd,kd->btk", z, e)
        return tf.argmin(distance, axis=-1)

    def embed(self, codes: tf.Tensor) -> tf.Tensor:
        """Codes (B, T) -> their embeddings (B, T, D)."""
        return tf.gather(self.codebook(tf.eye(self.K)), codes)

    def loss(self, batch: Batch, seed: Seed) -> Terms:
        """−log p(x|z_q) + ‖sg[z_e] − e‖² + β ‖z_e − sg[e]‖², equation 3; gradients pass z_q straight through."""
        x = batch[self.spec.target]
        z = self.encoder(x, training=True)
        e = self.embed(self.nearest(z))
        logits = self.decoder(z + tf.stop_gradient(e - z), training=True)
        return {
            "reconstruction": squared_error(x, tf.tanh(logits / 2)),
            "codebook": squared_error(tf.stop_gradient(z), e),
            "commitment": self.commitment * squared_error(z, tf.stop_gradient(e)),
        }

    def next_logits(self, codes: tf.Tensor, *, training: bool = False) -> tf.Tensor:
        """Logits of code t given the codes before t: int64 (B, T) -> (B, T, K)."""
        before = tf.pad(tf.one_hot(codes, self.K)[:, :-1], [[0, 0], [1, 0], [0, 0]])
        position = tf.broadcast_to(tf.eye(self.T)[None], (tf.shape(codes)[0], self.T, self.T))
        return self.prior(tf.concat([before, position], axis=-1), training=training)

    def prior_loss(self, batch: Batch, seed: Seed) -> Terms:
        """−log p(codes), in nats."""
        codes = self.nearest(self.encoder(batch[self.spec.target], training=False))
        return {"codes": self.negative_log_prob(codes, training=True)}

    def negative_log_prob(self, codes: tf.Tensor, *, training: bool = False) -> tf.Tensor:
        """−log p(codes) in nats, (B, T) -> (B,)."""
        terms = tf.nn.sparse_softmax_cross_entropy_with_logits(codes, self.next_logits(codes, training=training))
        return tf.reduce_sum(terms, axis=1)

    def encode(self, x: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """x (B, *shape) -> codes, int64 (B, T) in 0 ... K − 1."""
        return {"codes": self.nearest(self.encoder(x, training=False))}

    def decode(self, codes: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Codes, int64 (B, T) in 0 ... K − 1 -> x̂ (B, *shape)."""
        return {"x": tf.tanh(self.decoder(self.embed(codes), training=False) / 2)}

    def reconstruct(self, x: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """x (B, *shape) -> x̂, and the mean squared error of each example (B,), as `unit_error` has it."""
        again = self.decode(self.encode(x)["codes"])["x"]
        return {"x": again, "error": unit_error(x, again)}

    def anomaly(self, x: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """x (B, *shape) -> −log p(codes) in nats, (B,)."""
        return {"score": self.negative_log_prob(self.encode(x)["codes"])}

    def sample_codes(self, seed: Seed) -> tf.Tensor:
        """Codes sampled from the prior, one after another by the Gumbel trick: int64 (B, T)."""
        uniform = seed.uniform((self.T, self.K), 2.0**-25, 1.0)
        gumbel = -tf.math.log(-tf.math.log(uniform))

        def step(t: tf.Tensor, codes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            chosen = tf.argmax(self.next_logits(codes) + gumbel, axis=-1)
            return t + 1, tf.where(tf.range(self.T)[None] == t, chosen, codes)

        start = tf.zeros(tf.shape(uniform)[:2], tf.int64)
        return tf.while_loop(lambda t, codes: t < self.T, step, (0, start))[1]

    def sample(self, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Seeds (B,) -> examples (B, *shape); row i depends on seed[i] alone."""
        return self.decode(self.sample_codes(Seed.of(seed)))

    def signatures(self) -> Mapping[str, Signature]:
        """sample, encode, decode, reconstruct, anomaly."""
        x, codes = {"x": self.spec.feature}, {"codes": Feature("vector", (self.T,), "int64")}
        return {
            "sample": Signature(self.sample, {"seed": features.seed()}, x),
            "encode": Signature(self.encode, x, codes),
            "decode": Signature(self.decode, codes, x),
            "reconstruct": Signature(self.reconstruct, x, {**x, "error": features.vector()}),
            "anomaly": Signature(self.anomaly, x, {"score": features.vector()}),
        }

    def preview(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """Samples, then the examples, each followed by its reconstruction."""
        x = batch[self.spec.target]
        return tf.concat([self.decode(self.sample_codes(seed))["x"], interleave(x, self.reconstruct(x)["x"])], axis=0)


@recipe(
    family="vae",
    reference="arXiv 1711.00937",
    claims=[
        Claim("discrete codes lose little", "test_error", "vae"),
        Claim("the prior models which codes occur together", "frechet", "random codes"),
    ],
    epochs=40,
    learning_rate=1e-3,
)
def vq_vae(
    spec: Spec,
    own: Own | None = None,
    *,
    embeddings: int = 128,
    dimension: int = 16,
    width: int = 32,
    tokens: int = 8,
    hidden: tuple[int, ...] = (256,),
    commitment: float = 0.25,
    switch: float = 0.5,
) -> VQVAE:
    """Discrete codes, and a prior learnt over them.

    Args:
      embeddings: K, number of vectors in the codebook.
      dimension: numbers in each vector.
      width: for images, channels at half the resolution; they double at each level below.
      tokens: for other data, number of codes of an example; of an image it follows from the resolution.
      hidden: for other data, units of each hidden layer of the encoder; the decoder has them in reverse order.
      commitment: β, weight of the commitment loss.
      switch: share of the run, 0 to 1, after which the autoencoder is fixed and the prior is trained.
    """
    if spec.kind == "image":
        build_encoder = partial(conv.grid_encoder, spec.shape, dimension, width=width)
        build_decoder = partial(conv.grid_decoder, dimension, spec.shape, width=width)
    else:
        build_encoder = partial(mlp, spec.shape, hidden, (tokens, dimension), name="encoder")
        build_decoder = partial(mlp, (tokens, dimension), hidden[::-1], spec.shape, name="decoder")
    check_names(own, ("encoder", "decoder"))
    encoder = choose(own, "encoder", spec.shape, (None, dimension), build_encoder)
    decoder = choose(own, "decoder", encoder.output_shape[1:], spec.shape, build_decoder)
    return VQVAE(spec, encoder, decoder, embeddings=embeddings, commitment=commitment, switch=switch)
