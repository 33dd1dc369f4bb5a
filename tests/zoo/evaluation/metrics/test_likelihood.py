"""Bounds of the likelihood against a model whose likelihood is known."""

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from zoo.core.errors import UserError
from zoo.evaluation.metrics.likelihood import bits_per_dimension, bound, effective_samples

RANDOM = np.random.default_rng(0)
LOADING = RANDOM.normal(size=(5, 2))
NOISE = 0.5


@pytest.fixture(scope="module")
def linear():
    """Probabilistic PCA: x = W z + 0.5 ε. Its exact log p(x), and log-weights (400, 512) of a posterior too wide."""
    x = RANDOM.normal(size=(400, 2)) @ LOADING.T + NOISE * RANDOM.normal(size=(400, 5))
    exact = multivariate_normal(np.zeros(5), LOADING @ LOADING.T + NOISE**2 * np.eye(5)).logpdf(x)
    return exact, weights(x, width=1.3)


def weights(x, width, draws=512):
    precision = np.eye(2) + LOADING.T @ LOADING / NOISE**2
    covariance = np.linalg.inv(precision)
    mean = x @ LOADING @ covariance / NOISE**2
    root = width * np.linalg.cholesky(covariance)
    z = mean[:, None] + RANDOM.normal(size=(len(x), draws, 2)) @ root.T
    log_q = multivariate_normal(np.zeros(2), root @ root.T).logpdf(z - mean[:, None])
    log_p = norm.logpdf(z).sum(axis=2) + norm.logpdf(x[:, None], z @ LOADING.T, NOISE).sum(axis=2)
    return log_p - log_q


def test_with_the_true_posterior_one_draw_is_exact():
    x = RANDOM.normal(size=(50, 5))
    exact = multivariate_normal(np.zeros(5), LOADING @ LOADING.T + NOISE**2 * np.eye(5)).logpdf(x)
    w = weights(x, width=1.0, draws=3)
    np.testing.assert_allclose(w, np.repeat(exact[:, None], 3, axis=1))
    assert bound(w, 1, seed=0).value == pytest.approx(exact.mean())
    assert effective_samples(w) == pytest.approx(np.full(50, 3))


def test_the_elbo_is_below_by_the_divergence_of_the_posterior(linear):
    """KL of N(m, w²C) from N(m, C) in two dimensions: w² - 1 - 2 log w."""
    exact, w = linear
    gap = 1.3**2 - 1 - 2 * math.log(1.3)
    assert bound(w, 1, seed=0).value == pytest.approx(exact.mean() - gap, abs=0.01)


def test_bounds_tighten_in_order_and_reach_the_likelihood(linear):
    exact, w = linear
    values = [bound(w, k, seed=0).value for k in (1, 5, 50, 512)]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(exact.mean(), abs=0.005)


def test_the_interval_is_over_examples(linear):
    exact, w = linear
    found = bound(w, 512, seed=0)
    half = 1.96 * exact.std() / math.sqrt(len(exact))
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.15)
    assert found.n == 400


def test_weights_of_any_size_do_not_overflow():
    w = np.array([[-2000.0, -2001.0], [900.0, 901.0]])
    expected = np.mean([-2000 + math.log((1 + math.exp(-1)) / 2), 901 + math.log((1 + math.exp(-1)) / 2)])
    assert bound(w, 2, seed=0).value == pytest.approx(expected)


def test_one_heavy_draw_is_an_effective_sample_of_one():
    w = np.full((2, 100), -50.0)
    w[:, 3] = 0
    assert effective_samples(w) == pytest.approx([1, 1])


def test_more_draws_than_there_are_cannot_be_bounded():
    with pytest.raises(UserError, match="there are 3"):
        bound(np.zeros((4, 3)), 5, seed=0)


def test_a_fair_coin_costs_a_bit_a_dimension():
    assert bits_per_dimension(784 * math.log(0.5), 784) == pytest.approx(1)
