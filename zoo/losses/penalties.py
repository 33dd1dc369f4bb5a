"""Penalties and constraints of discriminators; the penalties per example, in float32."""

from collections.abc import Callable, Mapping
from functools import partial

import keras
import tensorflow as tf

from zoo.core.errors import unknown
from zoo.core.random import Seed

Discriminator = Callable[[tf.Tensor], tf.Tensor]
"""x (B, *shape) -> logits (B,), or (B, h, w) of patches. Row i depends on x[i] alone."""

Penalty = Callable[[Discriminator, tf.Tensor, tf.Tensor, Seed], tf.Tensor]
"""(D, real examples, generated examples, seed) -> (B,)."""


def squared_gradient(D: Discriminator, x: tf.Tensor) -> tf.Tensor:
    """‖∂D/∂x‖² of each example, where D is the mean over patches if there are several: (B, *shape) -> (B,)."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = D(x)
        logits = tf.reduce_sum(tf.reduce_mean(tf.reshape(logits, (x.shape[0], -1)), axis=1))
    gradient = tf.cast(tape.gradient(logits, x), tf.float32)
    return tf.reduce_sum(gradient**2, axis=list(range(1, x.shape.rank)))


def gradient_norm(D: Discriminator, x: tf.Tensor) -> tf.Tensor:
    """‖∂D/∂x‖ of each example, (B,); its own gradient is finite where it is zero."""
    return tf.sqrt(squared_gradient(D, x) + 1e-12)


def between(real: tf.Tensor, fake: tf.Tensor, seed: Seed) -> tf.Tensor:
    """A uniformly sampled point on the line between each real example and the generated one of its row: (B, *shape)."""
    alpha = seed.fold("between").uniform((1,) * (real.shape.rank - 1))
    return alpha * real + (1.0 - alpha) * fake


def gradient_penalty(
    D: Discriminator, real: tf.Tensor, fake: tf.Tensor, seed: Seed, *, one_sided: bool = False
) -> tf.Tensor:
    """(‖∂D/∂x̂‖ − 1)² at points between real and generated examples. Gulrajani et al., arXiv 1704.00028, equation 3.

    Args:
      one_sided: penalise norms above 1 alone (section 4 there; Petzka et al., arXiv 1709.08894).
    """
    excess = gradient_norm(D, between(real, fake, seed)) - 1.0
    return tf.nn.relu(excess) ** 2 if one_sided else excess**2


def dragan(D: Discriminator, real: tf.Tensor, fake: tf.Tensor, seed: Seed) -> tf.Tensor:
    """(‖∂D/∂x̂‖ − 1)² around real examples: x̂ = x + ½ σ(x) u, u uniform. Kodali et al., arXiv 1705.07215, section 2.3.

    σ(x) is the standard deviation within the example; the authors' code takes that of the batch.
    """
    axes = list(range(1, real.shape.rank))
    deviation = tf.math.reduce_std(real, axis=axes, keepdims=True)
    moved = real + 0.5 * deviation * seed.fold("around").uniform(tuple(real.shape[1:]))
    return (gradient_norm(D, moved) - 1.0) ** 2


def r1(D: Discriminator, real: tf.Tensor, fake: tf.Tensor, seed: Seed) -> tf.Tensor:
    """½ ‖∂D/∂x‖² at real examples. Mescheder et al., arXiv 1801.04406, equation 9."""
    return 0.5 * squared_gradient(D, real)


def r2(D: Discriminator, real: tf.Tensor, fake: tf.Tensor, seed: Seed) -> tf.Tensor:
    """½ ‖∂D/∂x‖² at generated examples. Mescheder et al., arXiv 1801.04406, equation 10."""
    return 0.5 * squared_gradient(D, fake)


def r1_r2(D: Discriminator, real: tf.Tensor, fake: tf.Tensor, seed: Seed) -> tf.Tensor:
    """R1 + R2: Huang et al., arXiv 2501.05441, equation 4."""
    return r1(D, real, fake, seed) + r2(D, real, fake, seed)


PENALTIES: Mapping[str, Penalty | None] = {
    "none": None,
    "gradient": gradient_penalty,
    "one_sided": partial(gradient_penalty, one_sided=True),
    "dragan": dragan,
    "r1": r1,
    "r2": r2,
    "r1_r2": r1_r2,
}


def get(name: str) -> Penalty | None:
    """The penalty of this name; None for `none`. Errors: UserError with the known ones."""
    if name not in PENALTIES:
        raise unknown("penalty", name, PENALTIES)
    return PENALTIES[name]


def orthogonality(network: keras.Model) -> tf.Tensor:
    """Σ over kernels of the squares off the diagonal of WᵀW, a scalar. Brock et al., arXiv 1809.11096, equation 3."""
    return tf.add_n([_off_diagonal(v.value) for v in network.trainable_variables if len(v.shape) > 1])


def _off_diagonal(kernel: tf.Tensor) -> tf.Tensor:
    W = tf.reshape(kernel, (-1, kernel.shape[-1]))
    gram = tf.matmul(W, W, transpose_a=True)
    return tf.reduce_sum(gram**2) - tf.reduce_sum(tf.linalg.diag_part(gram) ** 2)


def clipping(network: keras.Model, bound: float) -> Callable[[], None]:
    """A constraint that keeps every weight in [-bound, bound]. Arjovsky et al., arXiv 1701.07875, algorithm 1."""

    def constrain() -> None:
        for variable in network.trainable_variables:
            variable.assign(tf.clip_by_value(variable.value, -bound, bound))

    return constrain
