"""PNG pictures: colours, scales, layout."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from explain import Attack, Function, Map, aggregate, explain, grid, time_segments
from explain.report import captions, drawing, pages, pictures


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


def of_channels(name):
    """A signal (T, C) or an image (H, W, C) in which one part of one channel counts, and a part in each panel."""
    rng = np.random.default_rng(0)
    if name == "image":
        x = rng.random((16, 12, 3)).astype(np.float32)
        labels = grid(x.shape, 2).labels[..., None] * 3 + np.arange(3)
        return explain(Function(lambda i: i[:, :8, :6, 2].sum((1, 2)) + 0.01 * i.sum((1, 2, 3))), x, map=labels)
    x = rng.normal(size=(60, 2)).astype(np.float32)
    f = Function(lambda i: (i[:, 20:30, 1] ** 2).sum(1) + 0.01 * i.sum((1, 2)))
    if name == "signal":
        return explain(f, x, map=time_segments(x.shape, 6))
    return explain(f, x, map=Map(time_segments(x.shape, 6).labels[:, None] * 2 + np.arange(2), kind="signal"))


@pytest.mark.parametrize(
    ("name", "kind", "best", "called"),
    [
        ("image", "image", 2, "rows 0 to 7, columns 0 to 5, channels 2 to 2"),
        ("signal", "signal", 2, "samples 20 to 29"),
        ("channels", "signal", 5, "samples 20 to 29, channels 1 to 1"),
    ],
)
def test_parts_that_tell_channels_apart_are_drawn_and_named(name, kind, best, called):
    found = of_channels(name)
    assert (found.kind, found.ranking[0]) == (kind, best)
    assert captions.part_name(found, best) == f"{best}: {called}"
    attack = Attack(found.x, found.x + 0.1, -1.0, 1.0, 0.0, 3, "gan", 1, "logits")
    largest = pictures.limit([found])
    for picture in (
        pictures.png(found),
        pictures.compared(found, found),
        pictures.strip(found, largest),
        pictures.aggregated(aggregate([found, found])),
        pictures.attacked(attack),
    ):
        assert colour(picture) > 0.05, "the effect is to be seen"
    assert called in pages.page(found)


def test_a_blur_leaves_the_channels_of_such_parts_apart():
    seen = []
    x = np.zeros((12, 12, 3), np.float32)
    x[::2, :, 0] = 1
    labels = np.broadcast_to(np.arange(3), x.shape)
    explain(Function(lambda i: seen.append(i) or i.sum((1, 2, 3))), x, map=labels, baseline="blur")
    assert not seen[1][0, ..., 1:].any()


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))


@pytest.mark.parametrize("name", ["image", "signal", "channels"])
def test_parts_have_exactly_the_colours_of_the_colour_bar(name):
    """Whatever the input shows beneath: bright and dark places of a part look alike."""
    found = of_channels(name)
    largest = pictures.limit([found])
    wanted = np.round(255 * drawing.colours(found.coefficients, largest)[:, :3]).astype(int)
    shown = pixels(pictures.png(found)).reshape(-1, 3).astype(int)
    for part in found.ranking[:3]:
        same = (np.abs(shown - wanted[part]) <= 1).all(axis=1)
        share = (found.labels == part).mean()
        assert same.mean() > 0.3 * share * 0.3, f"part {part}"
