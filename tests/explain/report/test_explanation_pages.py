"""HTML pages."""

import base64
import dataclasses
import io
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from explain import Attack, RequestError, aggregate
from explain.report import captions, pages, pictures


def test_every_kind_has_a_picture_and_a_page(kind):
    pixels = np.asarray(Image.open(io.BytesIO(pictures.png(kind))).convert("RGB")).astype(int)
    coloured = np.abs(pixels[..., 0] - pixels[..., 2]) > 40
    assert coloured.mean() > 0.01
    words = "\n".join(Page(pages.page(kind)).text)
    assert kind.verdict in words
    assert captions.part_name(kind, kind.ranking[0]) in words
    low, high = kind.intervals[kind.ranking[0]]
    assert f"{low:+.4g} to {high:+.4g}" in words


def test_pages_of_many_and_of_two(found, constant):
    page = Page(pages.index([("0.html", found), ("1.html", constant)], above=b"png"))
    assert [a for a in page.addresses if a.endswith(".html")] == ["0.html", "1.html"]
    assert "1 of 2 can be trusted" in "\n".join(page.text)
    two = "\n".join(Page(pages.comparison(found, found)).text)
    assert "Rank correlation of the two: 1.00" in two
    with pytest.raises(RequestError, match="different parts"):
        pages.comparison(found, constant)


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


NASTY = '<b>$x_{$ & "quoted"</b>'


def test_every_name_is_escaped_on_every_page_and_in_every_picture(kind):
    """Names with markup, quotes, and dollar signs, with which matplotlib begins a formula."""
    names = None if kind.names is None else (NASTY, *kind.names[1:])
    e = dataclasses.replace(kind, model=NASTY, target=f"a:{NASTY}", baseline=NASTY, names=names)
    attack = Attack(e.x, e.x, 0.0, 1.0, 0.5, 3, NASTY, 1, NASTY)
    written = [pages.page(e, attack), pages.comparison(e, e), pages.index([(f"{NASTY}.html", e)], b"png")]
    for text in written:
        page = Page(text)
        assert not {"b", "x_"} & set(page.tags)
        assert any(NASTY in text for text in page.text)
    assert f"{NASTY}.html" in Page(written[2]).addresses
    assert pictures.aggregated(aggregate([e])).startswith(b"\x89PNG")


def test_html_says_that_a_constant_target_explains_nothing(constant):
    words = "\n".join(Page(pages.page(constant)).text)
    assert math.isnan(constant.r2)
    assert "nothing to explain" in words
    assert "undefined" in words
    assert f"{len(constant.dead)} equal the baseline" in words
