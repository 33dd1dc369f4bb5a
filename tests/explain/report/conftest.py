"""Explanations to save, draw and list."""

import numpy as np
import pytest

from explain import Function, cells, columns, explain, grid, time_segments


@pytest.fixture(scope="module")
def found():
    """A photo whose left half raises the target and whose right half lowers it."""
    x = np.random.default_rng(0).random((32, 32, 3)).astype(np.float32)
    sides = np.where(np.arange(32) < 16, 1.0, -1.0)[None, :, None]
    f = Function(lambda i: (i * sides).sum((1, 2, 3)) + 0.1 * np.sin(i.sum((1, 2, 3))), name="a<b>&c")
    return explain(f, x, map=grid(x.shape, 4), samples=150, seed=3, agreement=0)


@pytest.fixture(scope="module")
def constant():
    x = np.zeros((28, 28, 1), np.float32)
    x[4:12, 4:12] = 0.7
    return explain(Function(lambda i: np.ones(len(i))), x, samples=150)


def everything():
    """An explanation of each kind of input, one with names, one measured."""
    rng = np.random.default_rng(0)
    signal, video = rng.normal(size=128).astype(np.float32), rng.random((4, 8, 8, 1)).astype(np.float32)
    f = Function(lambda i: np.tanh(i.reshape(len(i), -1).astype(float)).sum(1), name="sum")
    row = rng.normal(size=5)
    yield explain(f, row, map=columns(row, ["age", "<b>", "c", "d", "e"]), quality=True)
    yield explain(f, np.array([3, 1, 4]))
    yield explain(f, signal, map=time_segments(signal.shape, 6))
    yield explain(f, signal, map=cells(128, 3, 4, 32))
    yield explain(f, video)
    yield explain(f, video[0], reference=video[1:], samples=20)


@pytest.fixture(scope="module", params=range(6), ids=["table", "tokens", "signal", "spectrogram", "video", "image"])
def kind(request):
    return list(everything())[request.param]
