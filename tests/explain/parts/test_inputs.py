"""Checks of inputs, default maps, and maps that do not fit."""

import numpy as np
import pytest

from explain import (
    Function,
    Map,
    Patches,
    RequestError,
    cells,
    columns,
    explain,
    felzenszwalb,
    grid,
    slic,
    time_segments,
    tokens,
)

RNG = np.random.default_rng(4)


IMAGE = RNG.random((20, 24, 3)).astype(np.float32)


VIDEO = RNG.random((6, 8, 10, 1)).astype(np.float32)


ROW = RNG.normal(size=9).astype(np.float32) * 5


SIGNAL = np.sin(np.arange(256) / 3).astype(np.float32) + RNG.normal(size=256).astype(np.float32) / 9


CELLS = cells(256, 4, 5, 32)


def test_inputs_without_a_map_get_their_domains():
    f = Function(lambda inputs: inputs.reshape(len(inputs), -1).sum(1).astype(float))
    assert explain(f, IMAGE).coefficients.shape == (49,)
    assert (explain(f, VIDEO).kind, explain(f, VIDEO).labels.shape) == ("video", (6, 8, 10))
    assert (explain(f, ROW).kind, len(explain(f, ROW).coefficients)) == ("table", 9)
    words = explain(f, np.array([5, 3, 9]))
    assert (words.kind, words.x.dtype) == ("tokens", np.int64)


def test_a_map_can_be_a_function_of_the_input():
    f = Function(lambda i: i.sum((1, 2, 3)).astype(float))
    np.testing.assert_array_equal(explain(f, IMAGE, map=slic).labels, slic(IMAGE).labels)


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (VIDEO * 300, {}, "Divide by 255"),
        (ROW, {"map": tokens(ROW)}, "Tokens are integers"),
        (ROW, {"map": Map(np.arange(5))}, r"The map has the shape \(5,\); for this table it is \(9,\)"),
        (ROW, {"baseline": np.zeros(4)}, r"this table has its shape \(9,\)"),
        (SIGNAL[:100], {"map": CELLS}, r"of shape \(256,\); received \(100,\)"),
        (SIGNAL, {"map": CELLS, "baseline": Patches(SIGNAL[None])}, "time-frequency cells are none"),
        (IMAGE, {"baseline": Patches(VIDEO)}, r"examples of shape \(N, 20, 24, 3\)"),
        (IMAGE, {"reference": VIDEO}, r"the shape \(m, 20, 24, 3\)"),
        (ROW * np.nan, {}, "finite numbers"),
    ],
)
def test_wrong_inputs_are_refused_with_what_would_be_right(x, options, message):
    with pytest.raises(RequestError, match=message):
        explain(Function(lambda i: i.reshape(len(i), -1).sum(1)), x, **options)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: time_segments((10,), 11), "no 11 segments"),
        (lambda: cells(32, window=64), "window of 4 samples up to the signal's 32"),
        (lambda: slic(IMAGE, 0), "at least 1 superpixel"),
        (lambda: felzenszwalb(IMAGE, -1.0), "larger than 0"),
        (lambda: grid((4, 4), (2, 2, 2)), r"covers \(time, height, width\)"),
        (lambda: columns(ROW, ["a"]), "9 parts takes as many names; received 1"),
    ],
)
def test_wrong_maps_are_refused(make, message):
    with pytest.raises(RequestError, match=message):
        make()
