"""Penalties of codes: contraction and sparsity."""

from collections.abc import Callable

import tensorflow as tf

from zoo.losses.divergence import kl_bernoulli


def contraction(encoder: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor, directions: tf.Tensor) -> tf.Tensor:
    """Σ over directions v of ‖vᵀ ∂h/∂x‖²: x (B, *shape), directions (B, K, D) in code space -> (B,).

    With the D unit vectors it is the squared Frobenius norm of the Jacobian exactly (Rifai et al., ICML 2011,
    equation 1); with K samples of N(0, I/K) it is an unbiased estimate of that (Hutchinson 1989).
    """
    k = directions.shape[1]
    repeated = tf.repeat(x, k, axis=0)
    with tf.GradientTape() as tape:
        tape.watch(repeated)
        along = tf.reduce_sum(encoder(repeated) * tf.reshape(directions, (-1, directions.shape[2])))
    squared = tape.gradient(along, repeated) ** 2
    return tf.reduce_sum(tf.reshape(squared, (-1, k, squared[0].shape.num_elements())), axis=(1, 2))


def sparsity_l1(codes: tf.Tensor) -> tf.Tensor:
    """Σ |h|, (B, D) -> (B,)."""
    return tf.reduce_sum(tf.abs(codes), axis=-1)


def sparsity_kl(codes: tf.Tensor, target: float) -> tf.Tensor:
    """Σ_j KL(ρ ‖ ρ̂_j), with ρ̂_j the mean of code j over the batch: activations (B, D) in [0, 1] -> a scalar.

    Ng, CS294A lecture notes (2011), "Autoencoders and sparsity".
    """
    return tf.reduce_sum(kl_bernoulli(target, tf.reduce_mean(codes, axis=0)))
