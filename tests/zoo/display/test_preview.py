"""Examples of every kind become a file that shows them."""

import csv

import numpy as np
import pytest
from PIL import Image

from zoo.core import features
from zoo.core.columns import Column
from zoo.core.conditions import example_values
from zoo.display import pictures, preview

COLUMNS = [Column("age", low=18.0, high=90.0, whole=True), Column("where", "category", categories=("north", "south"))]
KINDS = {
    "image": (features.image(8, 6, 3), ".png"),
    "video": (features.video(4, 8, 6, 1), ".gif"),
    "volume": (features.volume(5, 8, 6), ".gif"),
    "audio": (features.audio(4000, 1, rate=8000.0), ".png"),
    "series": (features.series(20, 2, low=-3.0, high=40.0), ".png"),
    "table": (features.table(COLUMNS), ".csv"),
    "vector": (features.vector(3), ".csv"),
    "tokens": (features.tokens(3, ["a", "red", "boat"]), ".txt"),
}


def test_every_kind_of_data_has_one():
    assert {*KINDS, "label", "seed"} == set(features.KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_preview_has_the_suffix_of_its_kind_and_shows_something(kind, tmp_path):
    feature, suffix = KINDS[kind]
    label = features.label(["cat", "dog"])
    for labels in (None, np.array([0, 1, 0, 1])):
        path = preview.write(
            example_values(feature, 6).numpy(), feature, tmp_path / "epoch-0001", labels=labels, label=label
        )
        assert path == tmp_path / f"epoch-0001{suffix}"
        if suffix in (".png", ".gif"):
            with Image.open(path) as picture:
                assert np.asarray(picture.convert("L")).std() > 5
                assert getattr(picture, "n_frames", 1) == (feature.shape[0] if suffix == ".gif" else 1)
        else:
            assert len(path.read_text().splitlines()) == (7 if suffix == ".csv" else 6)
            assert ("dog" in path.read_text()) == (labels is not None)


def test_a_table_is_in_its_own_units(tmp_path):
    feature = features.table(COLUMNS)
    x = np.array([[-1.0, 1.0, -1.0], [1.0, -1.0, 0.5]], np.float32)
    path = preview.write(x, feature, tmp_path / "t", labels=np.array([1]), label=features.label(["cat", "dog"]))
    with path.open(newline="") as file:
        assert list(csv.reader(file)) == [["label", "age", "where"], ["dog", "18", "north"], ["", "90", "south"]]


def test_text_is_a_line_for_each_example(tmp_path):
    path = preview.write(np.array([[2, 3, 0], [1, 3, 0]]), KINDS["tokens"][0], tmp_path / "t")
    assert path.read_text() == "red boat\na boat\n"


def cells(path, columns, rows, side=4):
    """The mean of each cell of a sheet of square pictures, from its right and bottom, and the margin's width."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("L"), float)
    factor = pixels.shape[0] // (rows * (side + 1) + 1)
    margin = pixels.shape[1] - factor * (columns * (side + 1) + 1)
    sheet = pixels[::factor, margin::factor][1:, 1:]
    return sheet.reshape(rows, side + 1, columns, side + 1)[:, :side, :, :side].mean((1, 3)) / 255, pixels[:, :margin]


def test_each_class_has_a_row_with_its_name(tmp_path):
    """Of 5 samples of 2 classes in rows of 2, and one example without a class."""
    labels = np.array([0, 1, 0, 1, 0])
    grey = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5], np.float32)
    samples = np.broadcast_to(grey[:, None, None, None], (6, 4, 4, 1))
    path = pictures.save(samples, tmp_path / "s.png", columns=2, labels=labels, classes=("boot", "bag"))
    found, margin = cells(path, 2, 4)
    expected = [[0.0, 0.2], [0.4, 1.0], [0.1, 0.3], [0.5, 1.0]]
    np.testing.assert_allclose(found, expected, atol=0.01)
    rows = np.array_split(margin, 4)
    assert [bool((row < 128).any()) for row in rows] == [True, False, True, False], "boot, -, bag, -"
    pictures.save(samples, tmp_path / "p.png", columns=2)
    plain, none = cells(tmp_path / "p.png", 2, 3)
    assert none.size == 0
    np.testing.assert_allclose(plain.ravel(), grey, atol=0.01)


def test_many_classes_keep_their_order(tmp_path):
    samples = np.random.default_rng(0).random((20, 4, 4, 1)).astype(np.float32)
    path = pictures.save(
        samples, tmp_path / "a.png", columns=5, labels=np.arange(20), classes=tuple("abcdefghijklmnopqrst")
    )
    found, margin = cells(path, 5, 4)
    assert margin.size == 0
    np.testing.assert_allclose(found.ravel(), samples.mean((1, 2, 3)), atol=0.01)


def test_a_flat_series_and_a_long_one_are_drawn(tmp_path):
    feature = features.audio(10_001, rate=8000.0)
    path = preview.write(np.zeros((3, 10_001, 1), np.float32), feature, tmp_path / "silence")
    with Image.open(path) as picture:
        assert picture.width > 100
