"""Spectral normalisation: Miyato et al., arXiv 1802.05957."""

import keras
import tensorflow as tf
from keras import layers


class SpectralNormalised(layers.Layer):
    """A dense or convolutional layer whose kernel is used as W / σ(W), by power iteration (appendix A).

    A call takes one step of the power iteration from `u` and does not change `u`, so that all calls in an update, and
    those in use, compute the same. `advance` changes u; it is called once after each update of the weights.
    """

    def __init__(self, layer: layers.Layer) -> None:
        super().__init__()
        self.layer = layer

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Builds the wrapped layer, and u."""
        self.layer.build(shape)
        # All replicas compute the same u.
        self.u = self.add_weight(
            (self.layer.kernel.shape[-1],),
            keras.initializers.RandomNormal(),
            name="u",
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """That of the wrapped layer."""
        output: tuple[int | None, ...] = self.layer.compute_output_shape(shape)
        return output

    def _step(self, W: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """u after one step, and σ(W) = uᵀ Wᵀ v, for W (inputs, outputs)."""
        fixed = tf.stop_gradient(W)
        v = tf.math.l2_normalize(tf.linalg.matvec(fixed, self.u.value))
        u = tf.math.l2_normalize(tf.linalg.matvec(fixed, v, transpose_a=True))
        return u, tf.reduce_sum(u * tf.linalg.matvec(W, v, transpose_a=True))

    def _matrix(self) -> tf.Tensor:
        kernel = self.layer.kernel
        return tf.reshape(tf.cast(kernel.value, tf.float32), (-1, kernel.shape[-1]))

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """The wrapped layer's output with the kernel W / σ(W); gradients pass through σ(W) too."""
        W = self._matrix()
        kernel = self.layer.kernel
        normalised = tf.reshape(W / self._step(W)[1], kernel.shape)
        with keras.StatelessScope([(kernel, normalised)], initialize_variables=False):
            return self.layer(x)

    def advance(self) -> None:
        """One step of the power iteration."""
        self.u.assign(self._step(self._matrix())[0])


def advance(*networks: keras.Model) -> None:
    """One power iteration in every spectrally normalised layer: the constraint of a player with such networks."""
    for network in networks:
        for layer in network._flatten_layers():
            if isinstance(layer, SpectralNormalised):
                layer.advance()
