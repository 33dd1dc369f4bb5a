"""Time-frequency cells of signals."""

import numpy as np

from explain import (
    Function,
    cells,
    explain,
)

RNG = np.random.default_rng(4)


SIGNAL = np.sin(np.arange(256) / 3).astype(np.float32) + RNG.normal(size=256).astype(np.float32) / 9


CELLS = cells(256, 4, 5, 32)


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
