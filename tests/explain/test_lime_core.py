"""LIME against closed forms, and against the package called directly."""

import math

import numpy as np
import pytest
from lime.lime_base import LimeBase
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances, r2_score
from threadpoolctl import threadpool_info, threadpool_limits

from explain import Function, explain, grid
from explain.fit import engines, surrogate
from explain.fit.fidelity import weighted_r2
from explain.fit.kernel import cosine_distances, exponential_kernel
from explain.fit.masks import balanced, independent


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


@pytest.mark.parametrize("engine", [engines.lime, engines.fast])
@pytest.mark.parametrize("design", [independent, balanced])
@pytest.mark.parametrize("parts", [2, 5, 30])
def test_both_engines_are_the_package_on_the_same_masks(parts, design, engine):
    masks = design(300, parts, 4)
    values = np.random.default_rng(3).normal(size=300)
    base = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / 0.25**2)), random_state=0)
    data = masks.astype(float)
    distances = pairwise_distances(data, data[:1], metric="cosine").ravel()
    intercept, pairs, score, prediction = base.explain_instance_with_data(
        data, values[:, None], distances, 0, parts, feature_selection="none", model_regressor=Ridge(alpha=0.3)
    )
    kernel = exponential_kernel(0.25)
    fit = engine(masks, values, cosine_distances(masks), kernel, 0.3)
    np.testing.assert_allclose(fit.coefficients, [w for _, w in sorted(pairs)], rtol=0, atol=1e-9)
    assert fit.intercept == pytest.approx(intercept, abs=1e-9)
    assert fit.predict(masks[:1])[0] == pytest.approx(prediction[0], abs=1e-9)
    r2 = weighted_r2(values, fit.predict(masks), kernel(cosine_distances(masks)))
    assert r2 == pytest.approx(score, abs=1e-9)


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


def test_masks_are_fair_coins_after_a_row_that_hides_nothing():
    masks = independent(20_000, 10, 0)
    assert masks[0].all()
    np.testing.assert_allclose(masks.mean(axis=0), 0.5, atol=0.02)
    correlation = np.corrcoef(masks.T) - np.eye(10)
    assert np.abs(correlation).max() < 0.04


def test_the_distance_of_the_empty_mask_is_one():
    masks = np.array([[True, True], [True, False], [False, False]])
    expected = pairwise_distances(masks.astype(float), np.ones((1, 2)), metric="cosine").ravel()
    np.testing.assert_allclose(cosine_distances(masks), expected, atol=1e-15)


def test_r2_is_sklearns_weighted_one():
    rng = np.random.default_rng(0)
    values, predictions, weights = rng.random((3, 50))
    expected = r2_score(values, predictions, sample_weight=weights)
    assert weighted_r2(values, predictions, weights) == pytest.approx(expected, abs=1e-12)


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


@pytest.mark.parametrize("cells", [2, 7])
def test_no_features_are_selected(picture, monkeypatch, cells):
    """The package's "auto" selects forward below seven parts, and fits a second time above."""
    asked = []
    original = LimeBase.feature_selection
    monkeypatch.setattr(
        LimeBase,
        "feature_selection",
        lambda self, *args: asked.append(args[-1]) or original(self, *args),
    )
    found = explain(Function(bent), picture, samples=100, map=grid(picture.shape, cells), engine="lime")
    assert asked == ["none"]
    assert np.all(found.coefficients != 0)


@pytest.mark.parametrize("engine", ["lime", "fast"])
def test_blas_runs_on_one_thread_during_the_fit_only(picture, engine, monkeypatch):
    def threads():
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    def kernel(width):
        def watched(distances):
            inside.append(threads())
            return np.ones_like(distances)

        return watched

    inside, during = [], []
    monkeypatch.setattr(surrogate, "exponential_kernel", kernel)
    with threadpool_limits(2, user_api="blas"):
        explain(Function(lambda i: during.append(threads()) or bent(i)), picture, engine=engine)
        assert threads() == {2}
    assert inside
    assert all(found == {1} for found in inside)
    assert all(found == {2} for found in during), "the model keeps its threads"


@pytest.mark.parametrize(("samples", "chunk"), [(1000, 258), (512, 258), (100, 7)])
def test_few_calls_with_one_channel_each(picture, samples, chunk):
    received = []

    def watch(images):
        received.append((images.shape, images.dtype, images.nbytes))
        return bent(images)

    found = explain(Function(watch, chunk=chunk), picture, samples=samples, agreement=0)
    calls = math.ceil((samples + 1) / chunk) + 1
    assert found.calls == len(received) == calls
    assert found.evaluations == sum(shape[0] for shape, *_ in received) == samples + 2
    for shape, dtype, size in received:
        assert shape[0] <= chunk
        assert shape[1:] == (28, 28, 1)
        assert dtype == np.float32
        assert size == shape[0] * 28 * 28 * 4
    whole = explain(Function(bent, chunk=2000), picture, samples=samples, agreement=0)
    np.testing.assert_allclose(found.coefficients, whole.coefficients, atol=1e-9)


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
def test_a_constant_target_is_explained_by_nothing(picture, value):
    found = explain(Function(lambda images: np.full(len(images), value)), picture, samples=200)
    assert math.isnan(found.r2)
    assert not found.coefficients.any()
    assert found.trust == "constant"


def test_rounding_noise_on_a_constant_target_is_still_constant(picture):
    found = explain(Function(lambda images: 1 - 1e-8 * bent(images)), picture, samples=200)
    assert math.isnan(found.r2)
    assert not found.coefficients.any()
