"""Both engines, the kernel and R² against the package lime and sklearn."""

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


def bent(images):
    """A nonlinear function in which every pixel counts."""
    shape = images.shape[1:]
    weights = np.random.default_rng(5).normal(size=(*shape, 8)) / math.sqrt(np.prod(shape))
    return np.tanh(np.tensordot(images.astype(np.float64), weights, 3) * 3).sum(1)


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(1).random((28, 28, 1)).astype(np.float32)


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


def test_the_distance_of_the_empty_mask_is_one():
    masks = np.array([[True, True], [True, False], [False, False]])
    expected = pairwise_distances(masks.astype(float), np.ones((1, 2)), metric="cosine").ravel()
    np.testing.assert_allclose(cosine_distances(masks), expected, atol=1e-15)


def test_r2_is_sklearns_weighted_one():
    rng = np.random.default_rng(0)
    values, predictions, weights = rng.random((3, 50))
    expected = r2_score(values, predictions, sample_weight=weights)
    assert weighted_r2(values, predictions, weights) == pytest.approx(expected, abs=1e-12)


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
