"""The surrogate against closed forms, and against the package lime."""

import math

import numpy as np
import pytest
from lime.lime_base import LimeBase
from sklearn.metrics import pairwise_distances

from explain import Function, explain, grid
from explain.fit.masks import independent


def linear(weights, offset=0.0):
    return lambda images: (images.astype(np.float64) * weights).sum((1, 2, 3)) + offset


def bent(images):
    """A nonlinear function in which every pixel counts."""
    shape = images.shape[1:]
    weights = np.random.default_rng(5).normal(size=(*shape, 8)) / math.sqrt(np.prod(shape))
    return np.tanh(np.tensordot(images.astype(np.float64), weights, 3) * 3).sum(1)


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(1).random((28, 28, 1)).astype(np.float32)


@pytest.mark.parametrize("shape", [(28, 28, 1), (30, 25, 3)])
@pytest.mark.parametrize("baseline", ["zero", "array", "mean"])
def test_a_linear_function_gives_the_sum_of_weight_times_difference(shape, baseline):
    """Garreau & Mardaoui 2021, arXiv 2102.06307: a part's coefficient is Σ w·(x − baseline) over it."""
    rng = np.random.default_rng(2)
    x, colour = rng.random((2, *shape)).astype(np.float32)
    weights, parts = rng.normal(size=shape), grid(shape)
    hidden = {"zero": 0 * x, "array": colour, "mean": parts.means(x)}[baseline]
    given = {"zero": 0.0, "array": colour, "mean": "mean"}[baseline]
    found = explain(Function(linear(weights, 3.0)), x, baseline=given, alpha=1e-12)
    gains = (weights * (x.astype(np.float64) - hidden)).sum(-1)
    expected = [gains[parts.labels == part].sum() for part in range(parts.count)]
    np.testing.assert_allclose(found.coefficients, expected, rtol=0, atol=1e-7)
    assert found.intercept == pytest.approx(found.f_baseline, abs=1e-7)
    assert found.f_baseline == pytest.approx(linear(weights, 3.0)(hidden[None])[0], abs=1e-9)
    assert found.local_prediction == pytest.approx(found.f_x, abs=1e-7)
    assert found.r2 == pytest.approx(1, abs=1e-12)


def test_at_1000_samples_the_default_is_the_packages_own_regressor(picture):
    found = explain(Function(bent), picture, seed=8, engine="lime")
    masks, parts = independent(1000, 49, 8), grid(picture.shape)
    values = bent(parts.apply(masks, picture, 0 * picture))
    base = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / 0.25**2)), random_state=0)
    data = masks.astype(float)
    distances = pairwise_distances(data, data[:1], metric="cosine").ravel()
    _, pairs, score, _ = base.explain_instance_with_data(data, values[:, None], distances, 0, 49, "none")
    np.testing.assert_allclose(found.coefficients, [w for _, w in sorted(pairs)], rtol=0, atol=1e-9)
    assert found.r2 == pytest.approx(score, abs=1e-9)


def test_the_same_seed_gives_the_same_answer_and_another_seed_another(picture):
    source = Function(bent)
    first, again, other = (explain(source, picture, seed=seed, samples=200) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first.coefficients, again.coefficients)
    assert (first.r2, first.intercept) == (again.r2, again.intercept)
    assert np.abs(first.coefficients - other.coefficients).max() > 1e-3


def test_numpys_global_state_is_neither_read_nor_moved(picture):
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    first = explain(Function(bent), picture, samples=100)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    np.random.seed(2)
    np.testing.assert_array_equal(explain(Function(bent), picture, samples=100).coefficients, first.coefficients)


def test_a_two_dimensional_image_has_one_channel(picture):
    flat = explain(Function(bent), picture[:, :, 0], samples=100)
    np.testing.assert_array_equal(flat.coefficients, explain(Function(bent), picture, samples=100).coefficients)
    assert flat.x.shape == (28, 28, 1)


def test_dead_parts_have_no_coefficient_and_do_not_disturb_the_others():
    x = np.zeros((28, 28, 1), np.float32)
    x[8:20, 8:20] = 0.5
    weights = np.random.default_rng(0).normal(size=x.shape)
    found = explain(Function(linear(weights)), x, alpha=1e-12, samples=60)
    parts = grid(x.shape)
    gains = np.bincount(parts.labels.ravel(), (weights * x).ravel())
    assert found.dead == tuple(np.flatnonzero(parts.dead(x, 0 * x)))
    assert len(found.dead) == 40
    assert np.all(found.coefficients[list(found.dead)] == 0)
    np.testing.assert_allclose(found.coefficients, gains, atol=1e-7)
    assert not set(found.ranking) & set(found.dead)


@pytest.mark.parametrize("cell", [0, 17, 24, 48])
def test_a_planted_artefact_comes_first(cell):
    """A detector of a checkered patch, blind to all else but a little noise; the patch is faint."""
    parts = grid((28, 28))
    place = parts.labels == cell
    checks = np.indices((28, 28)).sum(0) % 2 - 0.5
    x = np.random.default_rng(cell).random((28, 28, 1)).astype(np.float32) * 0.5
    x[place, 0] = 0.3 + 0.1 * checks[place]

    def detector(images):
        patch = (images[..., 0] * checks)[:, place].sum(1)
        return 4 * np.tanh(3 * patch) + 0.5 * np.sin(images.sum((1, 2, 3)))

    found = explain(Function(detector), x)
    assert found.ranking[0] == cell
    assert found.coefficients[cell] > 0


def test_coefficients_follow_the_targets_scale_and_ignore_its_offset(picture):
    plain = explain(Function(bent), picture, samples=200)
    scaled = explain(Function(lambda i: -3 * bent(i) + 10), picture, samples=200)
    np.testing.assert_allclose(scaled.coefficients, -3 * plain.coefficients, atol=1e-9)
    assert scaled.r2 == pytest.approx(plain.r2, abs=1e-9)


def test_the_penalty_biases_small_and_large_samples_alike(picture):
    weights = np.ones(picture.shape) / 16
    true = explain(Function(linear(weights)), picture, alpha=1e-12).coefficients

    def share_kept(samples):
        found = explain(Function(linear(weights)), picture, samples=samples, alpha=0.1, engine="lime")
        return np.mean(found.coefficients / true)

    few, many = share_kept(800), share_kept(4000)
    assert few < 0.9
    assert few == pytest.approx(many, rel=0.1)


@pytest.mark.parametrize("value", [0.0, 2.5, -1e6])
def test_a_constant_target_has_no_coefficients(picture, value):
    found = explain(Function(lambda images: np.full(len(images), value)), picture, samples=200)
    assert math.isnan(found.r2)
    assert not found.coefficients.any()
    assert found.trust == "constant"


def test_rounding_noise_on_a_constant_target_is_still_constant(picture):
    found = explain(Function(lambda images: 1 - 1e-8 * bent(images)), picture, samples=200)
    assert math.isnan(found.r2)
    assert not found.coefficients.any()
