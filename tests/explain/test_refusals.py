"""Models, values and arguments that cannot be explained: refused early, with the repair."""

import math

import numpy as np
import pytest

from explain import Function, ModelError, RequestError, explain


def bent(images):
    """A nonlinear function in which every pixel counts."""
    shape = images.shape[1:]
    weights = np.random.default_rng(5).normal(size=(*shape, 8)) / math.sqrt(np.prod(shape))
    return np.tanh(np.tensordot(images.astype(np.float64), weights, 3) * 3).sum(1)


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(1).random((28, 28, 1)).astype(np.float32)


def test_one_number_a_row_in_either_shape(picture):
    flat = explain(Function(bent), picture, samples=100)
    column = explain(Function(lambda i: bent(i)[:, None]), picture, samples=100)
    np.testing.assert_array_equal(flat.coefficients, column.coefficients)
    for wrong in (lambda i: np.zeros((len(i), 2)), lambda i: np.zeros(len(i) + 1), lambda i: 0.0):
        with pytest.raises(ModelError, match="one number per input"):
            explain(Function(wrong), picture)


def test_a_model_that_depends_on_its_batch_is_refused_early(picture):
    sizes = []

    def normalised(images):
        sizes.append(len(images))
        values = bent(images)
        return values - values.mean()

    with pytest.raises(ModelError, match=r"depends on the rest of the batch.*inference mode"):
        explain(Function(normalised), picture)
    assert sizes == [1, 258, 1], "alone, 258 in one call, and alone again"


def test_a_model_that_depends_on_large_batches_only_is_refused(picture):
    with pytest.raises(ModelError, match="rest of the batch"):
        explain(Function(lambda images: bent(images) + (len(images) > 100)), picture)


def test_a_model_that_draws_on_chance_is_refused(picture):
    rng = np.random.default_rng(0)
    with pytest.raises(ModelError, match="output is random"):
        explain(Function(lambda images: bent(images) + rng.normal()), picture)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused(picture, bad):
    def beyond(images):
        """Fails only where the first cell is kept and the last is hidden."""
        return np.where((images[:, 0, 0, 0] > 0) & (images[:, -1, -1, 0] == 0), bad, bent(images))

    with pytest.raises(ModelError, match="NaN or infinity"):
        explain(Function(lambda images: np.full(len(images), bad)), picture)
    with pytest.raises(ModelError, match="NaN or infinity"):
        explain(Function(beyond), picture)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"samples": 1}, "2 samples or more"),
        ({"seed": -1}, "seed"),
        ({"engine": "shap"}, "no engine 'shap'. Known: fast, lime"),
        ({"alpha": 0.0}, "alpha must be larger than 0"),
        ({"kernel_width": -1.0}, "kernel_width must be larger than 0"),
        ({"baseline": "blue"}, "no baseline 'blue'.*'mean'"),
        ({"baseline": 255.0}, r"baseline of an image or video is in \[0, 1\]"),
        ({"baseline": np.zeros((5, 5, 1))}, r"this image has its shape \(28, 28, 1\)"),
        ({"map": np.zeros((5, 5), int)}, r"The map has the shape \(5, 5\); for this image it is \(28, 28\)"),
        ({"map": np.ones((28, 28), int)}, "start_label=0"),
    ],
)
def test_wrong_arguments_are_refused_with_the_repair(picture, arguments, message):
    with pytest.raises(RequestError, match=message):
        explain(Function(bent), picture, **arguments)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.full((28, 28), 200, np.uint8), "Divide by 255"),
        (np.full((28, 28), -0.5), r"\(x \+ 1\) / 2"),
        (np.full((28, 28), np.nan), r"lies in \[0, 1\]"),
        (np.zeros((2, 2, 28, 28, 1)), r"shape \(H, W\) or \(H, W, C\)"),
        (np.zeros((28, 28)), "equals the baseline"),
        (np.full((28, 28), "a"), "numbers"),
    ],
)
def test_wrong_images_are_refused_with_the_repair(image, message):
    with pytest.raises(RequestError, match=message):
        explain(Function(bent), image)


def test_a_call_of_one_image_is_refused(picture):
    with pytest.raises(RequestError, match="2 inputs or more"):
        explain(Function(bent, chunk=1), picture)
