"""Likelihoods, posteriors, priors and divergences, against closed forms and tensorflow-probability."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy.special import expit, logsumexp
from scipy.stats import norm

from zoo.core import registry
from zoo.core.features import Spec, image
from zoo.core.random import Seed
from zoo.losses import divergence, likelihood
from zoo.vaes.factor_vae import permute_dims
from zoo.vaes.flow_vae import Flow

RANDOM = np.random.default_rng(0)


def build(name, shape=(8, 8, 1), **parameters):
    keras.utils.set_random_seed(0)
    return registry.get(name)(Spec.of(image(*shape), 10), **parameters)


def test_the_gaussian_likelihood_is_tensorflow_probabilitys():
    x, a, b = RANDOM.random((3, 4, 3, 3, 2)).astype(np.float32)
    outputs = np.concatenate([a, b], axis=-1)
    scale = np.exp(0.5 * np.asarray(divergence.bounded(b)))
    expected = tfp.distributions.Normal(expit(a), scale).log_prob(x).numpy().sum((1, 2, 3))
    np.testing.assert_allclose(likelihood.GAUSSIAN.log_prob(x, outputs), expected, rtol=1e-5)


@pytest.mark.parametrize(("centre", "log_scale"), [(0.0, -3.0), (5.0, -1.0), (-9.0, -6.0), (0.3, 2.0), (0.0, -9.0)])
def test_the_discretised_logistic_is_a_distribution_over_grey_values(centre, log_scale):
    levels = (np.arange(256, dtype=np.float32) / 255)[:, None]
    outputs = np.tile(np.float32([centre, log_scale]), (256, 1))
    log_p = likelihood.LOGISTIC.log_prob(tf.constant(levels), tf.constant(outputs)).numpy()
    assert np.exp(log_p.astype(np.float64)).sum() == pytest.approx(1, abs=1e-3)


def test_the_discretised_logistic_is_a_difference_of_sigmoids():
    x, mean, scale = 100 / 255, expit(0.2), np.exp(np.asarray(divergence.bounded(-2.0), np.float64))
    expected = np.log(expit((x - mean + 0.5 / 255) / scale) - expit((x - mean - 0.5 / 255) / scale))
    found = likelihood.LOGISTIC.log_prob(tf.constant([[np.float32(x)]]), tf.constant([[0.2, -2.0]]))
    assert float(found[0]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("kind", likelihood.LIKELIHOODS.values(), ids=likelihood.LIKELIHOODS)
def test_no_output_however_wild_makes_a_likelihood_nan(kind):
    """Users' runs turned NaN over log-variances: these are bounded, gradients too."""
    x = tf.constant([[0.0, 0.3, 1.0]])
    for wild in (-1e4, 0.0, 1e4):
        outputs = tf.fill(kind.outputs((1, 3)), wild)
        with tf.GradientTape() as tape:
            tape.watch(outputs)
            log_p = kind.log_prob(x, outputs)
        assert np.all(np.isfinite(log_p))
        assert np.all(np.isfinite(tape.gradient(log_p, outputs)))


def test_log_variances_stay_within_ten():
    wild = divergence.bounded(tf.constant([-1e6, -1.0, 0.0, 1.0, 1e6]))
    np.testing.assert_allclose(wild, [-10, -0.9967, 0, 0.9967, 10], atol=1e-3)


def test_the_flows_log_determinant_is_autodiffs():
    keras.utils.set_random_seed(1)
    flow = Flow(5, flows=3, hidden=8, context=2)
    start = tf.constant(RANDOM.normal(size=(4, 5)), tf.float32)
    context = tf.constant(RANDOM.normal(size=(4, 2)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(start)
        z = flow.bijector(context).forward(start)
    _, expected = np.linalg.slogdet(tape.batch_jacobian(z, start).numpy())
    assert np.abs(expected).min() > 1e-3
    np.testing.assert_allclose(flow.bijector(context).forward_log_det_jacobian(start, 1), expected, atol=1e-4)


def test_the_flow_can_be_gone_back():
    keras.utils.set_random_seed(1)
    flow = Flow(5, flows=3, hidden=8, context=2)
    start, context = (tf.constant(RANDOM.normal(size=(4, n)), tf.float32) for n in (5, 2))
    z = flow.bijector(context).forward(start)
    again = flow.bijector(context).inverse(tf.identity(z))  # a new tensor: tfp remembers what made the old one
    np.testing.assert_allclose(again, start, atol=1e-4)


def test_every_code_of_a_flow_is_changed():
    """A coupling layer keeps half of its input; the permutations between make up for that."""
    keras.utils.set_random_seed(1)
    flow = Flow(6, flows=2, hidden=8, context=0)
    start = tf.constant(RANDOM.normal(size=(9, 6)), tf.float32)
    z = flow.bijector(start[:, :0]).forward(start).numpy()
    distance = np.abs(z[:, :, None] - start.numpy()[:, None]).max(0)
    assert distance.min() > 1e-3


def test_the_vamp_prior_is_the_mean_of_its_posteriors():
    model = build("vamp_vae", components=3, latent=2, hidden=(8,))
    mean, log_variance = model.posterior.moments(model.infer(model.prior.inputs(tf.eye(3))))
    z = RANDOM.normal(size=(6, 2)).astype(np.float32)
    parts = norm.logpdf(z[:, None], mean, np.exp(0.5 * np.asarray(log_variance))).sum(-1)
    np.testing.assert_allclose(model.prior.log_prob(model, z), logsumexp(parts, axis=1) - np.log(3), rtol=1e-4)


def test_the_vamp_priors_draws_have_its_moments():
    model = build("vamp_vae", components=3, latent=2, hidden=(8,))
    mean, log_variance = (np.asarray(m) for m in model.posterior.moments(model.infer(model.prior.inputs(tf.eye(3)))))
    z = model.prior.sample(model, Seed.of(tf.range(20_000))).numpy()
    np.testing.assert_allclose(z.mean(0), mean.mean(0), atol=0.03)
    np.testing.assert_allclose(z.var(0), np.exp(log_variance).mean(0) + mean.var(0), rtol=0.05)


def test_mmd_is_what_its_definition_says():
    x, y = RANDOM.normal(size=(2, 7, 3)).astype(np.float32)

    def kernel(a, b):
        squared = ((a - b) ** 2).sum()
        return sum(c / (c + squared) for c in (2 * 3 * s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10)))

    n = len(x)
    within = sum(kernel(a[i], a[j]) for a in (x, y) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    expected = within - 2 * np.mean([[kernel(a, b) for b in y] for a in x])
    assert float(divergence.maximum_mean_discrepancy(tf.constant(x), tf.constant(y))) == pytest.approx(
        expected, abs=1e-5
    )


def test_mmd_is_zero_on_the_mean_for_one_distribution_and_grows_with_distance():
    draws = RANDOM.normal(size=(40, 2, 100, 4)).astype(np.float32)
    none = [float(divergence.maximum_mean_discrepancy(*map(tf.constant, d))) for d in draws]
    assert np.mean(none) == pytest.approx(0, abs=3 * np.std(none) / 40**0.5)
    far = [
        float(divergence.maximum_mean_discrepancy(*map(tf.constant, (draws[0, 0], draws[0, 1] + s))))
        for s in (0.5, 1, 2)
    ]
    assert none[0] < far[0] < far[1] < far[2]


def test_total_correlation_of_independent_normals_is_zero():
    """Every x has the posterior N(0, I): nothing is known, nothing depends, nothing differs from the prior."""
    z = tf.constant(RANDOM.normal(size=(64, 5)), tf.float32)
    for part in divergence.total_correlation(z, tf.zeros((64, 5)), tf.zeros((64, 5)), 1_000):
        np.testing.assert_allclose(part, np.zeros(64), atol=1e-4)


def test_the_parts_of_the_kl_sum_to_it():
    z, mean, log_variance = (tf.constant(RANDOM.normal(size=(32, 3)), tf.float32) for _ in range(3))
    parts = divergence.total_correlation(z, mean, log_variance, 500)
    whole = divergence.log_normal(z, mean, log_variance) - divergence.log_normal(z)
    np.testing.assert_allclose(tf.add_n(list(parts)), whole, atol=1e-4)


def test_total_correlation_of_correlated_normals_is_their_mutual_information():
    """q(z) = N(0, [[1, ρ], [ρ, 1]]), of means that correlate and a variance around them: −½ log(1 − ρ²)."""
    rho, own = 0.8, 0.1
    covariance = np.array([[1, rho], [rho, 1]]) - own * np.eye(2)
    mean = RANDOM.multivariate_normal([0, 0], covariance, 3_000).astype(np.float32)
    z = mean + own**0.5 * RANDOM.normal(size=mean.shape).astype(np.float32)
    log_variance = np.full_like(mean, np.log(own))
    _, found, _ = divergence.total_correlation(tf.constant(z), tf.constant(mean), tf.constant(log_variance), 3_000)
    assert np.mean(found) == pytest.approx(-0.5 * np.log(1 - rho**2), abs=0.05)


def test_permuted_dimensions_keep_their_values_and_lose_each_other():
    z = np.repeat(np.arange(500, dtype=np.float32)[:, None], 3, axis=1)
    shuffled = permute_dims(tf.constant(z), Seed.of(tf.range(500)).uniform((3,))).numpy()
    assert np.array_equal(np.sort(shuffled, axis=0), z)
    assert np.abs(np.corrcoef(shuffled.T) - np.eye(3)).max() < 0.15
