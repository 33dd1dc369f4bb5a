"""How a source is called: few calls, one number per input."""

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


def test_one_number_a_row_in_either_shape(picture):
    flat = explain(Function(bent), picture, samples=100)
    column = explain(Function(lambda i: bent(i)[:, None]), picture, samples=100)
    np.testing.assert_array_equal(flat.coefficients, column.coefficients)
    for wrong in (lambda i: np.zeros((len(i), 2)), lambda i: np.zeros(len(i) + 1), lambda i: 0.0):
        with pytest.raises(ModelError, match="one number per input"):
            explain(Function(wrong), picture)


def test_a_call_of_one_image_is_refused(picture):
    with pytest.raises(RequestError, match="2 inputs or more"):
        explain(Function(bent, chunk=1), picture)
