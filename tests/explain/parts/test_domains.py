"""The linear oracle for every kind of input."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from explain import (
    Function,
    cells,
    columns,
    explain,
    felzenszwalb,
    grid,
    slic,
    time_segments,
)

RNG = np.random.default_rng(4)


IMAGE = RNG.random((20, 24, 3)).astype(np.float32)


VIDEO = RNG.random((6, 8, 10, 1)).astype(np.float32)


ROW = RNG.normal(size=9).astype(np.float32) * 5


SIGNAL = np.sin(np.arange(256) / 3).astype(np.float32) + RNG.normal(size=256).astype(np.float32) / 9


CELLS = cells(256, 4, 5, 32)


def linear(shape):
    weights = np.random.default_rng(7).normal(size=shape)
    return weights, Function(lambda inputs: (inputs.astype(np.float64) * weights).reshape(len(inputs), -1).sum(1))


@pytest.mark.parametrize(
    ("x", "parts"),
    [
        (IMAGE, grid(IMAGE.shape, (5, 3))),
        (IMAGE, slic(IMAGE, 12)),
        (IMAGE, felzenszwalb(gaussian_filter(IMAGE, (3, 3, 0)), 2.0)),
        (VIDEO, grid(VIDEO.shape, (3, 2, 2))),
        (VIDEO, grid(VIDEO.shape, (6, 1, 1))),
        (ROW, columns(ROW)),
        (SIGNAL, time_segments(SIGNAL.shape, 12)),
        (np.stack([SIGNAL, SIGNAL**2], axis=1), time_segments((256, 2), 7)),
        (SIGNAL, CELLS),
    ],
    ids=["image", "slic", "felzenszwalb", "video", "frames", "table", "signal", "two channels", "cells"],
)
@pytest.mark.parametrize("engine", ["fast", "lime"])
def test_the_linear_oracle_holds_in_every_domain(x, parts, engine):
    """Garreau & Mardaoui 2021: what a part adds is what f gains from it alone over the baseline."""
    weights, f = linear(x.shape)
    found = explain(f, x, map=parts, engine=engine, alpha=1e-13, samples=max(400, 6 * parts.count), agreement=0)
    alone = parts.apply(np.eye(parts.count, dtype=bool), x, 0 * x)
    gains = (alone.astype(np.float64) * weights).reshape(parts.count, -1).sum(1)
    np.testing.assert_allclose(
        found.coefficients, gains, atol=1e-6 * max(1, np.abs(gains).max()) + float(SIGNAL is x) * 1e-4
    )
    assert found.r2_held_out == pytest.approx(1, abs=1e-6)
    assert found.kind == parts.kind
