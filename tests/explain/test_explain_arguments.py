"""Arguments of `explain` that cannot be right are refused, with the repair."""

import math

import numpy as np
import pytest

from explain import Function, RequestError, explain


def bent(images):
    """A nonlinear function in which every pixel counts."""
    shape = images.shape[1:]
    weights = np.random.default_rng(5).normal(size=(*shape, 8)) / math.sqrt(np.prod(shape))
    return np.tanh(np.tensordot(images.astype(np.float64), weights, 3) * 3).sum(1)


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(1).random((28, 28, 1)).astype(np.float32)


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
