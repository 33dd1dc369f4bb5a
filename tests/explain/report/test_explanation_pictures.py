"""PNG pictures: colours, scales, layout."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from explain import Function, explain, grid, time_segments
from explain.report import pictures


def columns_of_red_and_blue(explanation, path):
    """Of the overlay's pixels, those of each colour."""
    explanation.save(path)
    picture = np.asarray(Image.open(path).convert("RGB")).astype(int)
    height, width, _ = picture.shape
    assert width > height > 400
    overlay = picture[height // 4 : -height // 8, width // 2 : int(width * 0.85)]
    return (np.argwhere(overlay[..., i] > overlay[..., 2 - i] + 40)[:, 1] for i in (0, 2))


def test_png_shows_red_where_the_target_rises_and_blue_where_it_falls(found, tmp_path):
    red, blue = columns_of_red_and_blue(found, tmp_path / "e.png")
    assert min(len(red), len(blue)) > 5_000
    assert np.percentile(red, 99) <= np.percentile(blue, 1)


def colour(picture):
    """How far a picture's pixels are from grey on the mean."""
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    return np.ptp(pixels, axis=2).mean()


def test_two_versions_share_a_scale_of_colours(found):
    """Effects of a tenth are pale beside the whole ones, though alone they have a scale of their own."""
    weak = dataclasses.replace(found, coefficients=found.coefficients / 10)
    assert pictures.limit([weak, found]) == pictures.limit([found])
    alike, paled, weakest = (colour(pictures.compared(*pair)) for pair in ((found, found), (found, weak), (weak, weak)))
    assert alike == pytest.approx(weakest, rel=0.05)
    assert 0.4 * alike < paled < 0.85 * alike
    assert colour(pictures.strip(weak, pictures.limit([found]))) < 0.5 * colour(
        pictures.strip(found, pictures.limit([found]))
    )


def test_two_signals_are_drawn_one_above_the_other():
    signal = np.sin(np.arange(64)).astype(np.float32)
    loud = explain(Function(lambda batch: (batch[:, 20:30] ** 2).sum(1)), signal, map=time_segments(signal.shape, 8))
    one, both = (Image.open(io.BytesIO(p)) for p in (pictures.png(loud), pictures.compared(loud, loud)))
    assert one.width == both.width
    assert both.height == 2 * one.height


def test_png_has_no_colour_where_nothing_happens(constant, tmp_path):
    x = np.full((32, 32, 1), 0.5, np.float32)
    one_cell = explain(Function(lambda i: i[:, :8, :8].sum((1, 2, 3))), x, map=grid(x.shape, 4), samples=150)
    red, blue = columns_of_red_and_blue(one_cell, tmp_path / "one.png")
    assert len(red) > 1_000
    assert len(blue) == 0
    red, blue = columns_of_red_and_blue(constant, tmp_path / "none.png")
    assert len(red) == len(blue) == 0


def test_an_explanation_of_nothing_can_be_drawn(constant):
    assert Image.open(io.BytesIO(pictures.png(constant))).format == "PNG"
