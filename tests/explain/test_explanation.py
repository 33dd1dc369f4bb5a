"""The forms of an explanation: JSON, PNG, HTML."""

import base64
import dataclasses
import io
import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from explain import Explanation, Function, RequestError, aggregate, cells, columns, explain, grid, time_segments
from explain.report import captions, pages, pictures


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


@pytest.mark.parametrize("name", ["found", "constant"])
def test_json_round_trip_is_equal(name, request, tmp_path):
    explanation = request.getfixturevalue(name)
    explanation.save(tmp_path / "deep" / "e.json")
    again = Explanation.from_json((tmp_path / "deep" / "e.json").read_text())
    assert again == explanation
    for field in dataclasses.fields(Explanation):
        mine, its = getattr(explanation, field.name), getattr(again, field.name)
        assert type(mine) is type(its)
        np.testing.assert_array_equal(mine, its)
        assert getattr(mine, "dtype", None) == getattr(its, "dtype", None)


def test_json_is_strict_and_plain(constant):
    def refuse(token):
        raise AssertionError(f"{token} is not JSON")

    values = json.loads(constant.to_json(), parse_constant=refuse)
    assert values["r2"] is None
    assert values["labels"][0][:8] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert values["evaluations"] == 5 * 16 + 1 + 2, "five replicates for four live parts, x, and the two probes"


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


@pytest.mark.parametrize("form", ["json", "npz"])
def test_every_kind_comes_back_from_disk(kind, form, tmp_path):
    kind.save(tmp_path / f"e.{form}")
    again = Explanation.load(tmp_path / f"e.{form}")
    assert again == kind
    assert (again.x.dtype, again.labels.dtype) == (kind.x.dtype, np.int64)
    assert again.seconds == kind.seconds
    assert again.quality == kind.quality
    assert again.verdict == kind.verdict


def test_every_kind_has_a_picture_and_a_page(kind):
    pixels = np.asarray(Image.open(io.BytesIO(pictures.png(kind))).convert("RGB")).astype(int)
    coloured = np.abs(pixels[..., 0] - pixels[..., 2]) > 40
    assert coloured.mean() > 0.01
    words = "\n".join(Page(pages.page(kind)).text)
    assert kind.verdict in words
    assert captions.part_name(kind, kind.ranking[0]) in words
    low, high = kind.intervals[kind.ranking[0]]
    assert f"{low:+.4g} to {high:+.4g}" in words


def test_nothing_half_written_is_left(found, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="no space"):
        found.save(tmp_path / "e.json")
    assert not (tmp_path / "e.json").exists()


def test_pages_of_many_and_of_two(found, constant):
    page = Page(pages.index([("0.html", found), ("1.html", constant)], above=b"png"))
    assert [a for a in page.addresses if a.endswith(".html")] == ["0.html", "1.html"]
    assert "1 of 2 can be trusted" in "\n".join(page.text)
    two = "\n".join(Page(pages.comparison(found, found)).text)
    assert "Rank correlation of the two: 1.00" in two
    with pytest.raises(RequestError, match="different parts"):
        pages.comparison(found, constant)


def test_an_aggregate_is_the_mean_effect_and_the_mean_strength(found):
    opposite = dataclasses.replace(found, coefficients=-found.coefficients)
    mean = aggregate([found, opposite])
    np.testing.assert_allclose(mean.effect, 0, atol=1e-15)
    np.testing.assert_array_equal(mean.strength, np.abs(found.coefficients))
    assert (mean.count, mean.trusted) == (2, 2)
    assert pictures.aggregated(mean).startswith(b"\x89PNG")
    with pytest.raises(RequestError, match="nothing to compare"):
        aggregate([])


@pytest.mark.parametrize("field", ["coefficients", "x", "f_x", "seed", "version", "dead"])
def test_explanations_that_differ_in_a_field_are_unequal(found, field):
    value = getattr(found, field)
    changed = {"version": 4, "dead": (1,)}.get(field, None if value is None else 1)
    changed = value + 1 if field in ("coefficients", "x", "f_x", "seed") else changed
    assert dataclasses.replace(found, **{field: changed}) != found


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"r2": 1}', "null"])
def test_other_json_is_refused(text):
    with pytest.raises(RequestError, match="no explanation"):
        Explanation.from_json(text)


@pytest.mark.parametrize("name", ["e.jpg", "e", "png"])
def test_other_suffixes_are_refused(found, tmp_path, name):
    with pytest.raises(RequestError, match=r"\.png, \.json, \.npz, \.html"):
        found.save(tmp_path / name)
    assert not (tmp_path / name).exists()


def test_ranking_is_by_strength(found):
    strengths = np.abs(found.coefficients[found.ranking])
    assert np.all(np.diff(strengths) <= 0)
    assert sorted(found.ranking) == list(range(16))


def test_heat_paints_each_part_with_its_coefficient(found, constant):
    np.testing.assert_array_equal(found.heat, found.coefficients[found.labels])
    assert np.isnan(constant.heat[0, 0])
    assert np.isfinite(constant.heat[5, 5])


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


def test_the_headline_carries_the_numbers(found, constant):
    line = found.headline
    for value in (f"{found.f_x:.4g}", f"{found.f_baseline:.4g}", f"{found.r2:.2f}"):
        assert value in line
    assert "constant" in constant.headline


def test_the_summary_tells_fit_cost_and_trust(found):
    assert found.headline in found.summary
    assert f"{found.evaluations} evaluations in {found.calls} calls" in found.summary
    assert found.verdict in found.summary


def test_an_explanation_of_nothing_can_be_drawn(constant):
    assert Image.open(io.BytesIO(pictures.png(constant))).format == "PNG"


class Page(HTMLParser):
    """Text, and every address that a page refers to."""

    def __init__(self, page):
        super().__init__()
        self.text, self.addresses, self.tags = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for key, value in attributes if key in ("src", "href")]

    def handle_data(self, data):
        self.text.append(data)


def test_html_is_one_page_with_picture_verdict_and_numbers(found, tmp_path):
    found.save(tmp_path / "e.html")
    text = (tmp_path / "e.html").read_text(encoding="utf-8")
    page = Page(text)
    (address,) = page.addresses
    picture = base64.b64decode(re.fullmatch(r"data:image/png;base64,(.+)", address)[1])
    assert Image.open(io.BytesIO(picture)).format == "PNG"
    assert "url(" not in text
    assert "script" not in page.tags
    words = "\n".join(page.text)
    assert found.verdict in words
    best = found.ranking[0]
    assert f"{found.coefficients[best]:+.4g}" in words
    rows, columns = np.nonzero(found.labels == best)
    assert f"{best}: rows {rows.min()} to {rows.max()}, columns {columns.min()} to {columns.max()}" in words
    assert f"{found.evaluations}, {found.calls}" in words


def test_html_escapes_names(found):
    page = Page(pages.page(found))
    assert "b" not in page.tags
    assert any("a<b>&c" in text for text in page.text)


def test_html_says_that_a_constant_target_explains_nothing(constant):
    words = "\n".join(Page(pages.page(constant)).text)
    assert math.isnan(constant.r2)
    assert "nothing to explain" in words
    assert "undefined" in words
    assert f"{len(constant.dead)} equal the baseline" in words
