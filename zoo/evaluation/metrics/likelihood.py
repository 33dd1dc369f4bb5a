"""Bounds of the log-likelihood from importance weights. Burda, Grosse & Salakhutdinov, arXiv 1509.00519, eq. 8."""

import math

import numpy as np
from scipy.special import logsumexp

from zoo.core.errors import UserError
from zoo.evaluation.metrics.bootstrap import Estimate, of_mean
from zoo.evaluation.metrics.rows import rows


def bound(log_weights: np.ndarray, k: int, *, seed: int) -> Estimate:
    """The k-sample bound of the mean log p(x), in nats: the ELBO for k = 1, near log p(x) for a large k.

    Args:
      log_weights: log p(x, z) - log q(z|x), (N, S), of S samples of z for each example; every k of them make a bound.

    The interval is over examples. Errors: UserError unless 1 <= k <= S.
    """
    w = rows(log_weights, "log-weights")
    if not 1 <= k <= w.shape[1]:
        raise UserError(f"A bound of {k} samples needs as many for each example; there are {w.shape[1]}. Take more.")
    groups = w[:, : w.shape[1] - w.shape[1] % k].reshape(len(w), -1, k)
    return of_mean((logsumexp(groups, axis=2) - math.log(k)).mean(axis=1), seed=seed)


def effective_samples(log_weights: np.ndarray) -> np.ndarray:
    """(Σ w)² / Σ w² of each example (N,), from 1 to S: near 1 the bound depends on one sample. Kong (1992)."""
    w = rows(log_weights, "log-weights")
    return np.asarray(np.exp(2 * logsumexp(w, axis=1) - logsumexp(2 * w, axis=1)))


def bits_per_dimension(nats: float, dimensions: int) -> float:
    """The log-likelihood of an example in nats, as bits for each of its dimensions."""
    return -nats / (dimensions * math.log(2))
