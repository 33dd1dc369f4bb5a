"""Divergences between distributions, in nats."""

import math

import tensorflow as tf


def kl_standard_normal(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ (μ² + σ² − 1 − log σ²): (B, D) twice -> (B,), summed over the code.

    Kingma & Welling, arXiv 1312.6114, appendix B.
    """
    return 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_variance) - 1.0 - log_variance, axis=-1)


def log_normal(z: tf.Tensor, mean: tf.Tensor | float = 0.0, log_variance: tf.Tensor | float = 0.0) -> tf.Tensor:
    """log N(z; μ, σ²), summed over the last axis."""
    squared = (z - mean) ** 2 * tf.exp(-tf.convert_to_tensor(log_variance, z.dtype))
    return -0.5 * tf.reduce_sum(squared + log_variance + math.log(2.0 * math.pi), axis=-1)


_LOG_BOUND = 10.0


def bounded(log_variance: tf.Tensor) -> tf.Tensor:
    """The log-variance, smoothly limited to ±10: the exponential of larger ones overflows, and losses become NaN."""
    return _LOG_BOUND * tf.tanh(log_variance / _LOG_BOUND)


def kl_bernoulli(p: float, q: tf.Tensor) -> tf.Tensor:
    """KL(Bernoulli(p) ‖ Bernoulli(q)), element by element; zero where q = p."""
    q = tf.clip_by_value(q, 1e-6, 1.0 - 1e-6)
    return p * (math.log(p) - tf.math.log(q)) + (1.0 - p) * (math.log(1.0 - p) - tf.math.log(1.0 - q))


def maximum_mean_discrepancy(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The unbiased estimate of MMD², (N, D) twice -> a scalar; it can be negative where both distributions are alike.

    Its kernel is the sum of inverse multiquadrics C / (C + ‖x − y‖²) for C = 2 D s, s = 0.1 ... 10: Tolstikhin et
    al., arXiv 1711.01558, section 4, for a prior of unit variance.
    """
    n, dimension = x.shape[0], x.shape[1]

    def kernel(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        squared = tf.reduce_sum(tf.math.squared_difference(a[:, None], b[None]), axis=-1)
        return tf.add_n(
            [c / (c + squared) for c in (2.0 * dimension * s for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0))]
        )

    pairs = 1.0 - tf.eye(n)
    within = tf.reduce_sum(pairs * (kernel(x, x) + kernel(y, y))) / (n * (n - 1))
    return within - 2.0 * tf.reduce_mean(kernel(x, y))


def total_correlation(
    z: tf.Tensor, mean: tf.Tensor, log_variance: tf.Tensor, count: int
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The three parts of the KL: index-code mutual information, total correlation, and dimension-wise KL, (B,) each.

    Their sum is log q(z|x) − log p(z). Chen et al., arXiv 1802.04942, equation 2, with q(z) estimated by minibatch
    stratified sampling (appendix C.2) among `count` training examples; z, mean, log_variance (B, D), B above 1.
    """
    batch = z.shape[0]
    squared = (z[:, None] - mean[None]) ** 2 * tf.exp(-log_variance)[None]
    pairs = -0.5 * (squared + log_variance[None] + math.log(2.0 * math.pi))  # log q(z_i | x_j), (B, B, D)
    # Row i's own x has weight 1/N, one other row the weight of the rest of the data, the others 1/(B − 1).
    last = (count - batch + 1) / (count * (batch - 1))
    weights = tf.fill((batch, batch), 1.0 / (batch - 1))
    weights = tf.linalg.set_diag(weights, tf.fill((batch,), 1.0 / count))
    weights = tf.where(tf.roll(tf.eye(batch), 1, axis=1) > 0, last, weights)
    log_weights = tf.math.log(weights)
    log_qz_x = log_normal(z, mean, log_variance)
    log_qz = tf.reduce_logsumexp(tf.reduce_sum(pairs, axis=-1) + log_weights, axis=1)
    log_qz_each = tf.reduce_sum(tf.reduce_logsumexp(pairs + log_weights[:, :, None], axis=1), axis=-1)
    return log_qz_x - log_qz, log_qz - log_qz_each, log_qz_each - log_normal(z)
