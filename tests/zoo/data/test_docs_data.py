"""docs/data.md says what the code does."""

import json
import re
from pathlib import Path

import numpy as np

from serving.protocol.images import SUFFIXES
from zoo.cli.options import DATA
from zoo.core.config import KINDS
from zoo.data import form, load

TEXT = (Path(__file__).parents[3] / "docs" / "data.md").read_text()
FILE = json.loads(re.search(r"```json\n(.*?)```", TEXT, re.S)[1])


def test_every_key_of_the_file_beside_is_described():
    rows = re.findall(r"^\| `(\w+)` \|", TEXT.partition("| key |")[2], re.M)
    assert set(rows) == set(FILE) == set(form._KEYS)


def test_the_file_of_the_page_is_read(tmp_path):
    (tmp_path / "a.features.json").write_text(json.dumps(FILE))
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 5)))
    found = form.Format().beside(tmp_path / "a.npz")
    assert (found.kind, found.rate, found.span, found.length, found.label) == ("series", 100, (-2, 2), 500, "outcome")
    assert found.columns["plan"] == "category"


def test_endings_kinds_and_flags_are_all_there():
    assert all(suffix in TEXT for suffix in SUFFIXES)
    assert all(kind in TEXT for kind in KINDS)
    assert all(f"--{flag.name.replace('_', '-')}" in TEXT for flag in DATA)


def test_the_line_of_the_page_is_what_is_said(tmp_path):
    shown = re.search(r"```\n(photos\.zip: .*?)\n```", TEXT, re.S)[1]
    np.savez(tmp_path / "a.npz", x=np.zeros((20, 6, 6)), y=np.arange(20) % 2)
    said = load(str(tmp_path / "a.npz")).summary

    def shape(text):
        return re.sub(r"[\d,]+|cat|dog", "#", text.partition("; left out")[0].partition(": ")[2].rstrip("."))

    assert shape(shown) == shape(said)
