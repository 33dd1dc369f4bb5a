"""Models whose outputs vary or are not finite are refused early, with the repair."""

import math

import numpy as np
import pytest

from explain import Function, ModelError, explain


def bent(images):
    """A nonlinear function in which every pixel counts."""
    shape = images.shape[1:]
    weights = np.random.default_rng(5).normal(size=(*shape, 8)) / math.sqrt(np.prod(shape))
    return np.tanh(np.tensordot(images.astype(np.float64), weights, 3) * 3).sum(1)


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(1).random((28, 28, 1)).astype(np.float32)


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


def test_a_random_model_is_refused(picture):
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
