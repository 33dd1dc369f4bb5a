"""Maps: which pixel belongs to which part."""

import numpy as np
import pytest

from explain.errors import RequestError
from explain.parts.maps import Map, grid, video_grid


@pytest.mark.parametrize(
    ("shape", "cells"), [((28, 28), 7), ((29, 31), 7), ((64, 64, 3), 7), ((3, 10), 4), ((5, 5), 1)]
)
def test_a_grid_is_rectangles_of_nearly_one_size(shape, cells):
    parts = grid(shape, cells)
    rows, columns = min(cells, shape[0]), min(cells, shape[1])
    assert parts.labels.shape == shape[:2]
    assert parts.count == rows * columns
    heights, widths = set(), set()
    for part in range(parts.count):
        (top, left), (bottom, right) = (f(np.argwhere(parts.labels == part), axis=0) for f in (np.min, np.max))
        assert np.all(parts.labels[top : bottom + 1, left : right + 1] == part)
        heights.add(int(bottom - top))
        widths.add(int(right - left))
    assert max(heights) - min(heights) <= 1
    assert max(widths) - min(widths) <= 1
    assert np.all(np.diff(parts.labels[0]) >= 0)
    assert np.all(np.diff(parts.labels[:, 0]) >= 0)


@pytest.mark.parametrize(
    ("shape", "counts"),
    [((28, 28, 1), (7, 7)), ((14, 64), (7, 7)), ((8, 8, 1), (4, 4)), ((9, 13), (4, 6)), ((1, 3), (1, 1))],
)
def test_parts_of_the_default_grid_have_2_by_2_pixels_or_more(shape, counts):
    np.testing.assert_array_equal(grid(shape).labels, grid(shape, counts).labels)


@pytest.mark.parametrize(
    ("shape", "counts"), [((6, 8, 10, 1), (3, 4, 4)), ((2, 4, 6, 3), (2, 2, 3)), ((9, 32, 32, 1), (3, 4, 4))]
)
def test_so_have_those_of_the_default_grid_of_videos(shape, counts):
    np.testing.assert_array_equal(video_grid(shape).labels, grid(shape, counts).labels)


@pytest.mark.parametrize(("shape", "cells"), [((28,), 7), ((0, 5), 7), ((28, 28), 0)])
def test_impossible_grids_are_refused(shape, cells):
    with pytest.raises(RequestError, match="grid"):
        grid(shape, cells)


@pytest.mark.parametrize(("spatial", "channels"), [((6, 5), (1,)), ((6, 5), (3,)), ((4, 6, 5), (3,)), ((8,), ())])
def test_apply_shows_the_baseline_where_the_mask_is_false(spatial, channels):
    rng = np.random.default_rng(0)
    labels = np.arange(np.prod(spatial)).reshape(spatial) % 4
    x, baseline = rng.random((2, *spatial, *channels))
    masks = rng.integers(0, 2, (9, 4)).astype(bool)
    images = Map(labels).apply(masks, x, baseline)
    assert images.shape == (9, *x.shape)
    for image, mask in zip(images, masks, strict=True):
        for place in np.ndindex(spatial):
            expected = x[place] if mask[labels[place]] else baseline[place]
            np.testing.assert_array_equal(image[place], expected)


def test_apply_keeps_float32():
    x = np.ones((4, 4, 1), np.float32)
    assert grid((4, 4), 2).apply(np.zeros((1, 4), bool), x, 0 * x).dtype == np.float32


def test_dead_parts_are_those_that_equal_the_baseline_everywhere():
    x, baseline = np.zeros((2, 6, 6, 3))
    x[0, 0, 2] = 0.5  # one channel of one pixel of part 0
    baseline[5, 5] = 0.1  # a pixel of part 3
    assert grid((6, 6), 2).dead(x, baseline).tolist() == [False, True, True, False]


def test_means_are_each_parts_own_for_each_channel():
    x = np.random.default_rng(0).random((9, 8, 3)).astype(np.float32)
    parts = grid(x.shape, 3)
    means = parts.means(x)
    assert means.dtype == np.float32
    for part in range(parts.count):
        inside = parts.labels == part
        np.testing.assert_allclose(means[inside], np.tile(x[inside].mean(axis=0), (inside.sum(), 1)), rtol=1e-6)


def test_constant_parts_are_their_own_mean_exactly():
    parts = grid((21, 21), 3)
    x = (np.arange(9, dtype=np.float32) / 10)[parts.labels][..., None]
    assert parts.dead(x, parts.means(x)).all()


@pytest.mark.parametrize(
    ("labels", "repair"),
    [
        ([[1, 2], [3, 3]], "start_label=0"),
        ([[0, 2], [3, 3]], "Renumber them"),
        ([[-1, 0], [1, 1]], "Renumber them"),
        ([[0.0, 1.0]], "integer"),
        (np.zeros((0, 4), int), "non-empty"),
    ],
)
def test_labels_other_than_0_to_k_are_refused_with_the_repair(labels, repair):
    with pytest.raises(RequestError, match=repair):
        Map(labels)


def test_a_map_keeps_its_own_copy():
    labels = np.array([[0, 1]])
    parts = Map(labels)
    labels[:] = 5
    assert parts.labels.tolist() == [[0, 1]]
    with pytest.raises(ValueError, match="read-only"):
        parts.labels[0, 0] = 1
