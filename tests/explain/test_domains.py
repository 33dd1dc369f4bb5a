"""Videos, tables, tokens, signals, superpixels, and what shows behind them."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

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


def test_cells_add_up_to_the_signal_and_keep_it_to_the_bit():
    masks = np.concatenate([np.ones((1, 20), bool), np.zeros((1, 20), bool), np.eye(20, dtype=bool)])
    baseline = np.full_like(SIGNAL, 0.25)
    whole, nothing, *each = CELLS.apply(masks, SIGNAL, baseline)
    np.testing.assert_array_equal(whole, SIGNAL)
    np.testing.assert_array_equal(nothing, baseline)
    np.testing.assert_allclose(sum(e - baseline for e in each) + baseline, SIGNAL, atol=1e-5)


def test_the_cell_of_a_tone_is_found():
    """A detector of one pitch in the second half; white noise elsewhere."""
    time = np.arange(512)
    tone = np.where(time >= 256, np.sin(2 * np.pi * 0.3125 * time), 0)
    x = (tone + RNG.normal(size=512) * 0.3).astype(np.float32)
    parts = cells(512, 8, 4, 64)
    found = explain(Function(lambda s: np.abs(s @ np.exp(2j * np.pi * 0.3125 * time) * 0.02) ** 2), x, map=parts)
    frequency = int(np.argmin(np.abs(parts.transform.f - 0.3125)))
    right = {
        int(parts.labels[frequency, i]) for i in range(parts.labels.shape[1] * 5 // 8, parts.labels.shape[1] * 7 // 8)
    }
    assert found.ranking[0] in right


def test_inputs_without_a_map_get_their_domains():
    f = Function(lambda inputs: inputs.reshape(len(inputs), -1).sum(1).astype(float))
    assert explain(f, IMAGE).coefficients.shape == (49,)
    assert (explain(f, VIDEO).kind, explain(f, VIDEO).labels.shape) == ("video", (6, 8, 10))
    assert (explain(f, ROW).kind, len(explain(f, ROW).coefficients)) == ("table", 9)
    words = explain(f, np.array([5, 3, 9]))
    assert (words.kind, words.x.dtype) == ("tokens", np.int64)


def test_tokens_hide_behind_the_token_of_the_baseline():
    seen = []
    sentence = np.array([4, 7, 7, 2])

    def likes_seven(inputs):
        seen.append(inputs)
        return (inputs == 7).sum(1) - 2.0 * (inputs == 2).any(1)

    words = tokens(sentence, ["the", "good", "good", "not"])
    found = explain(Function(likes_seven), sentence, map=words, baseline=1, alpha=1e-12)
    np.testing.assert_allclose(found.coefficients, [0, 1, 1, -2], atol=1e-6)
    assert set(np.unique(np.concatenate(seen))) == {1, 2, 4, 7}
    assert found.names == ("the", "good", "good", "not")
    for rule in ("mean", "blur"):
        with pytest.raises(RequestError, match=f"Tokens have no {rule}"):
            explain(Function(likes_seven), sentence, baseline=rule)


def test_a_table_is_explained_against_its_training_mean():
    training = RNG.normal(size=(50, 9)).astype(np.float32) + 3
    weights, f = linear((9,))
    found = explain(f, ROW, baseline=training.mean(axis=0), alpha=1e-12)
    np.testing.assert_allclose(found.coefficients, weights * (ROW - training.mean(axis=0)), atol=1e-5)


@pytest.mark.parametrize("make", [slic, felzenszwalb])
@pytest.mark.parametrize("channels", [1, 3])
def test_superpixels_follow_the_image_from_label_0(make, channels):
    x = np.full((32, 32, channels), 0.1, np.float32)
    x[8:24, 8:24] = 0.9
    labels = make(x).labels
    assert labels.min() == 0
    inside = set(np.unique(labels[8:24, 8:24]))
    assert not inside & set(np.unique(labels[:8]))


def test_a_map_can_be_a_function_of_the_input():
    f = Function(lambda i: i.sum((1, 2, 3)).astype(float))
    np.testing.assert_array_equal(explain(f, IMAGE, map=slic).labels, slic(IMAGE).labels)


def test_a_blur_keeps_the_mean_loses_the_detail_and_leaves_channels_apart():
    seen = []
    x = np.zeros((32, 32, 3), np.float32)
    x[::2, :, 0] = 1
    f = Function(lambda i: seen.append(i) or i.sum((1, 2, 3)).astype(float))
    found = explain(f, x, baseline="blur")
    hidden = seen[1][0]
    assert found.baseline == "blur"
    np.testing.assert_allclose(hidden[..., 0], 0.5, atol=0.1)
    assert not hidden[..., 1:].any()


def test_patches_are_places_of_real_examples_by_seed():
    examples = RNG.random((30, 20, 24, 3)).astype(np.float32)
    seen = []
    f = Function(lambda i: seen.append(i) or i.sum((1, 2, 3)).astype(float))
    parts = grid(IMAGE.shape, 4)
    found = explain(f, IMAGE, map=parts, baseline=Patches(examples), seed=3)
    hidden = seen[1][0]
    sources = set()
    for part in range(16):
        place = parts.labels == part
        (same,) = np.flatnonzero([np.array_equal(hidden[place], example[place]) for example in examples])
        sources.add(int(same))
    assert len(sources) > 5
    assert explain(f, IMAGE, map=parts, baseline=Patches(examples), seed=3) == found
    assert explain(f, IMAGE, map=parts, baseline=Patches(examples), seed=4).f_baseline != found.f_baseline


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
