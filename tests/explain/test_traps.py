"""What goes wrong with the package `lime` itself, and does not go wrong here. Each test shows both."""

import json
import math

import numpy as np
import pytest
from lime.lime_base import LimeBase
from lime.lime_image import LimeImageExplainer
from skimage.segmentation import slic as skimage_slic
from sklearn.datasets import load_digits
from sklearn.linear_model import Ridge

from explain import Function, ModelError, RequestError, explain, grid
from explain.fit.kernel import cosine_distances, exponential_kernel
from explain.fit.masks import independent

WEIGHTS = np.random.default_rng(0).normal(size=(28, 28, 1)) / 10


def linear(images):
    """One-channel or three: the channels are averaged."""
    return (images.mean(axis=-1, keepdims=True) * WEIGHTS).sum((1, 2, 3))


def both(images):
    """A classifier for the package: two columns."""
    return np.stack([-linear(images), linear(images)], axis=1)


def cells(image):
    return grid(image.shape).labels


def stock(image, classifier=both, **options):
    explainer = options.pop("explainer", None) or LimeImageExplainer(random_state=0)
    options = {"labels": (1,), "top_labels": None, "hide_color": 0, "num_samples": 100, "num_features": 100} | options
    return explainer.explain_instance(image, classifier, **options)


@pytest.fixture(scope="module")
def digit():
    small = load_digits().images[3] / 16
    return np.pad(np.kron(small, np.ones((3, 3))), 2).astype(np.float32)


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(1).random((28, 28)).astype(np.float32)


def test_quickshift_leaves_a_digit_in_a_few_segments(digit):
    assert len(np.unique(stock(digit).segments)) <= 8
    assert len(explain(Function(linear), digit).coefficients) == 49


def test_an_image_of_one_channel_is_refused_with_an_obscure_message(picture):
    with pytest.raises(ValueError, match="RGB"):
        stock(picture[..., None])
    assert explain(Function(linear), picture[..., None]).x.shape == (28, 28, 1)


def test_a_model_of_one_channel_is_sent_three(picture):
    sent = {"stock": [], "ours": []}
    stock(picture, lambda i: sent["stock"].append(i.shape[-1]) or both(i), segmentation_fn=cells)
    explain(Function(lambda i: sent["ours"].append(i.shape[-1]) or linear(i)), picture)
    assert set(sent["stock"]) == {3}
    assert set(sent["ours"]) == {1}


def test_a_seeded_explainer_answers_differently_the_second_time(picture):
    explainer = LimeImageExplainer(random_state=0)
    first, second = (stock(picture, explainer=explainer, segmentation_fn=cells).local_exp[1] for _ in range(2))
    assert first != second
    source = Function(linear)
    assert explain(source, picture, seed=0) == explain(source, picture, seed=0)


def test_without_a_seed_the_global_state_of_numpy_advances(picture):
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    stock(picture, explainer=LimeImageExplainer(), segmentation_fn=cells)
    assert (np.random.get_state()[1] != before).any()
    before = np.random.get_state()[1].copy()
    explain(Function(linear), picture)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_segments_from_1_leave_one_that_is_never_masked(picture):
    def from_one(image):
        return skimage_slic(image, 20, start_label=1)

    hidden = []
    found = stock(picture, lambda i: hidden.append((i == 0).all(axis=-1)) or both(i), segmentation_fn=from_one)
    last = found.segments == found.segments.max()
    assert not np.concatenate(hidden)[:, last].any()
    with pytest.raises(RequestError, match="start_label=0"):
        explain(Function(linear), picture, map=found.segments)


def test_a_constant_output_is_explained_perfectly(picture):
    found = stock(picture, lambda i: np.ones((len(i), 2)), segmentation_fn=cells)
    assert found.score == 1.0
    ours = explain(Function(lambda i: np.ones(len(i))), picture)
    assert math.isnan(ours.r2)
    assert ours.trust == "constant"


def test_a_saturated_probability_passes_without_a_word(picture):
    def saturated(images):
        probability = 1 / (1 + np.exp(-60 * (linear(images) - linear(picture[None, :, :, None])[0] / 2)))
        return np.stack([1 - probability, probability], axis=1)

    answers = []
    stock(picture, lambda i: answers.append(saturated(i)[:, 1]) or saturated(i), segmentation_fn=cells)
    assert np.mean(np.abs(np.concatenate(answers) - 0.5) > 0.49) > 0.5
    assert explain(Function(lambda i: saturated(i)[:, 1], probability=True), picture).trust == "saturated"


def test_parts_equal_to_the_baseline_get_noise_for_coefficients(digit):
    bent = lambda i: np.tanh(3 * both(i))  # noqa: E731
    found = stock(digit, bent, segmentation_fn=cells, hide_color=None)
    labels = cells(digit)
    flat = [k for k in range(49) if np.ptp(digit[labels == k]) == 0]
    assert len(flat) > 10
    assert max(abs(dict(found.local_exp[1])[k]) for k in flat) > 1e-3
    ours = explain(Function(lambda i: bent(i)[:, 1]), digit, baseline="mean", samples=100)
    assert set(ours.dead) >= set(flat)
    assert not ours.coefficients[list(ours.dead)].any()


@pytest.mark.parametrize("engine", ["lime", "fast"])
def test_a_fixed_penalty_biases_small_samples_more(engine):
    """The share of the true coefficients that is kept."""
    true = np.random.default_rng(0).normal(size=49)
    f = Function(lambda z: z @ true)
    x, parts = np.ones(49, np.float32), np.arange(49)

    def kept(found):
        return float(found @ true / (true @ true))

    def of_stock(n):
        masks = independent(n, 49, 0).astype(float)
        base = LimeBase(exponential_kernel(0.25), random_state=0)
        distances = cosine_distances(masks)
        _, pairs, _, _ = base.explain_instance_with_data(masks, (masks @ true)[:, None], distances, 0, 49, "none")
        return kept(np.array([w for _, w in sorted(pairs)]))

    assert 1 - of_stock(1000) < 0.02
    assert 1 - of_stock(64) > 0.15
    for n in (129, 1000):
        found = explain(f, x, map=parts, samples=n, engine=engine, agreement=0)
        assert 1 - kept(found.coefficients) < 0.03


def test_few_features_are_selected_by_a_fit_for_each(picture, monkeypatch):
    fits = []
    original = Ridge.fit
    monkeypatch.setattr(Ridge, "fit", lambda self, *args, **more: fits.append(1) or original(self, *args, **more))
    stock(picture, segmentation_fn=cells, num_features=5)
    assert len(fits) > 5 * 40
    fits.clear()
    explain(Function(linear), picture, engine="lime", samples=100)
    assert len(fits) == 1


@pytest.mark.parametrize("shape", ["(N,)", "(N, 1)"])
def test_one_number_a_row_is_an_index_error(picture, shape):
    one = (lambda i: linear(i)) if shape == "(N,)" else (lambda i: linear(i)[:, None])
    with pytest.raises(IndexError):
        stock(picture, one, segmentation_fn=cells)
    assert explain(Function(one), picture, samples=100).r2 > 0.99


def test_values_are_no_json_and_images_no_page(picture, tmp_path, capfd):
    found = stock(picture, segmentation_fn=cells)
    with pytest.raises(TypeError, match="JSON"):
        json.dumps(found.local_exp[1])
    assert not hasattr(found, "as_html")
    assert "100%" in capfd.readouterr().err, "a bar that no argument switches off"
    ours = explain(Function(linear), picture)
    assert json.loads(ours.to_json())["coefficients"] == ours.coefficients.tolist()
    ours.save(tmp_path / "e.html")
    assert (tmp_path / "e.html").read_text().startswith("<!doctype html>")
    assert capfd.readouterr() == ("", "")


def test_a_model_that_looks_at_its_batch_is_explained_all_the_same(picture):
    def centred(images):
        return both(images) - both(images).mean(axis=0)

    assert stock(picture, centred, segmentation_fn=cells).score < 0.99, "of a linear model with contamination"
    with pytest.raises(ModelError, match="rest of the batch"):
        explain(Function(lambda i: centred(i)[:, 1]), picture)


def test_coefficients_depend_on_a_baseline_that_is_not_reported(picture):
    found = {colour: stock(picture, segmentation_fn=cells, hide_color=colour) for colour in (0, 1)}
    first = {colour: e.local_exp[1][0] for colour, e in found.items()}
    assert first[0] != first[1]
    assert not any("baseline" in name or "fudged" in name for name in vars(found[0]))
    ours = {b: explain(Function(linear), picture, baseline=b) for b in (0.0, 1.0, "mean", "blur")}
    assert len({e.f_baseline for e in ours.values()}) == 4
    for b, e in ours.items():
        assert e.baseline == (b if isinstance(b, str) else f"{b:g}")
        assert f"f(baseline) = {e.f_baseline:.4g}" in e.summary
