"""Arrays whose kind, range or labels are in doubt are refused, in words that name the choices."""

import json

import numpy as np
import pytest

from zoo.core.features import Spec
from zoo.data import DataError, load
from zoo.data.form import Format

RNG = np.random.default_rng(0)
DECAY = np.exp(-np.arange(200) / 60) * np.sin(np.arange(200) / 3)
WAVES = (RNG.uniform(0.5, 1, (60, 1)) * DECAY).astype(np.float32)
STEREO = np.stack([WAVES, -WAVES / 2], axis=-1)


@pytest.fixture
def saved(tmp_path):
    """Writes arrays to an .npz and gives its path."""

    def save(**arrays):
        np.savez(tmp_path / "a.npz", **arrays)
        return str(tmp_path / "a.npz")

    return save


def all_of(made, name):
    return np.concatenate([split.arrays()[name] for split in (made.train, made.test)])


@pytest.mark.parametrize(
    ("x", "readings"),
    [
        (WAVES, ["a table of 200 columns", "--kind=table", "--kind=series", "--kind=audio", "--kind=vector"]),
        (RNG.normal(size=(30, 3)), ["a table of 3 columns", "--kind=table"]),
        (STEREO, ["series of 200 steps and 2 channels", "--kind=series", "--kind=audio", "--kind=image"]),
        (RNG.normal(size=(20, 100, 6)), ["6 channels", "--kind=series"]),
        (RNG.uniform(size=(9, 8, 8, 8)), ["volumes", "--kind=volume", "--kind=video"]),
        (RNG.uniform(size=(9, 8, 8, 8, 1)), ["volumes", "--kind=volume", "--kind=video"]),
    ],
)
def test_arrays_whose_shape_has_several_readings_are_refused(saved, x, readings):
    with pytest.raises(DataError) as caught:
        load(saved(x=x))
    assert all(text in str(caught.value) for text in [str(x.shape), "docs/data.md", *readings])


@pytest.mark.parametrize("x", [WAVES, STEREO])
def test_series_have_one_scale_for_all_steps(saved, x):
    made = load(saved(x=x), kind="series")
    assert (made.spec.kind, made.spec.shape) == ("series", (200, x.ndim - 1))
    inside = all_of(made, "series")
    # One linear map: the decay is the same inside as it was.
    low, high = made.spec.feature.low, made.spec.feature.high
    held = made.train.arrays()["series"]
    assert (held.min(), held.max()) == pytest.approx((-1, 1), abs=1e-6)
    back = np.sort((low + (inside + 1) / 2 * (high - low)).ravel())
    assert back == pytest.approx(np.sort(x.ravel()), abs=1e-6)
    assert np.abs(held[:, :20]).mean() > 5 * np.abs(held[:, 180:] - held[:, 199:].mean()).mean()


def test_a_series_scale_is_the_training_rows(saved):
    """A wilder test row does not move it, and is not cut off."""
    made = load(saved(x_train=WAVES, x_test=3 * WAVES), kind="series")
    assert made.train.arrays()["series"].max() == pytest.approx(1)
    assert made.test.arrays()["series"].max() > 2.5


def test_sounds_keep_their_values(saved):
    made = load(saved(x=STEREO), kind="audio")
    assert (made.spec.kind, made.spec.shape) == ("audio", (200, 2))
    assert np.sort(all_of(made, "audio").ravel()) == pytest.approx(np.sort(STEREO.ravel()), abs=1e-7)
    whole = np.round(WAVES * 32767).astype(np.int16)
    assert all_of(load(saved(x=whole), kind="audio"), "audio").max() == pytest.approx(whole.max() / 32768)
    assert load(saved(x=STEREO), kind="audio", channels=1, size=150).spec.shape == (150, 1)
    with pytest.raises(DataError, match=r"sounds are floats in \[-1, 1\].*--range=.*--kind=series"):
        load(saved(x=WAVES * 3), kind="audio")
    assert np.abs(all_of(load(saved(x=WAVES * 3), kind="audio", range=(-3, 3)), "audio")).max() <= 1


def test_volumes_and_vectors(saved):
    solid = RNG.uniform(size=(20, 6, 6, 6)) > 0.5
    made = load(saved(x=solid), kind="volume")
    assert (made.spec.kind, made.spec.shape) == ("volume", (6, 6, 6, 1))
    assert set(np.unique(all_of(made, "volume"))) == {-1, 1}
    made = load(saved(x=WAVES), kind="vector")
    assert (made.spec.kind, made.spec.shape) == ("vector", (200,))
    assert np.array_equal(np.sort(all_of(made, "vector"), axis=0), np.sort(WAVES, axis=0))
    with pytest.raises(DataError, match=r"--kind is one of image, video, .*; received 'wave'"):
        load(saved(x=WAVES), kind="wave")
    with pytest.raises(DataError, match=r"a table is \(N, F\)"):
        load(saved(x=STEREO), kind="table")


def test_texts_beside_images_are_a_feature_and_other_arrays_are_named(saved):
    words = np.array(["A small circle", "a large square", "a small square"] * 7)
    x = RNG.integers(0, 256, (21, 8, 8)).astype(np.uint8)
    made = load(saved(x=x, caption=words, weight=np.arange(21.0), seed=np.arange(4)))
    caption = made.spec.features["caption"]
    assert caption.kind == "tokens"
    assert caption.shape == (3,)
    assert set(caption.names) == {"a", "small", "circle", "large", "square"}
    assert caption.names[0] == "a"
    assert made.spec.condition == ("caption",)
    served = caption.to_wire("text", made.train.arrays()["caption"][:2])["text"].numpy().tolist()
    assert served == [b"a small circle", b"a large square"]
    assert np.array_equal(caption.from_wire("text", {"text": words[:2]}), made.train.arrays()["caption"][:2])
    assert made.notes.left_out == ("'weight' float64 (21,)", "'seed' int64 (4,)")
    assert "left out: 'weight' float64 (21,), 'seed' int64 (4,)" in made.summary


@pytest.mark.parametrize("column", [False, True])
def test_labels_are_read_in_a_row_or_a_column(saved, column):
    x, y = RNG.integers(0, 256, (40, 6, 6)).astype(np.uint8), np.arange(40) % 4
    made = load(saved(x=x, y=y[:, None] if column else y))
    assert made.spec.classes == 4
    assert np.bincount(all_of(made, "label")).tolist() == [10] * 4


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1, 2, 3], "1 of 4 classes have no example: 0"),
        ([0, 7], "6 of 8 classes have no example: 1, 2, 3, 4, 5, 6"),
        ([0, 1, 9], "7 of 10 classes have no example: 2, 3, 4, 5, 6, 7 and 1 more"),
    ],
)
def test_empty_classes_are_named(saved, values, said):
    made = load(saved(x=np.zeros((30, 6, 6)), y=np.resize(values, 30)))
    assert said in made.notes.warnings
    assert f"Warning: {said}" in made.summary


def test_labels_of_text_are_classes(saved):
    made = load(saved(x=np.zeros((30, 6, 6)), y=np.array(["dog", "cat", "cow"] * 10)))
    assert made.spec == Spec.of(made.spec.feature, ("cat", "cow", "dog"))
    assert made.train.arrays(3)["label"].tolist() == [2, 0, 1]


def test_labels_of_one_split_alone_are_not_used_and_it_is_said(saved):
    x = np.zeros((30, 6, 6))
    made = load(saved(x_train=x, x_test=x, y_train=np.arange(30) % 3))
    assert "label" not in made.spec.features
    assert made.notes.warnings == ("y_train has no y_test beside it, so no labels are used",)


# Ranges.

UNIT = RNG.uniform(0, 1, (20, 8, 8))
UNIT[0, 0, :2] = 0, 1


@pytest.mark.parametrize("hair", [1e-9, 1e-7, 9e-4])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_hair_outside_the_range_is_rounding(saved, hair, side):
    x = UNIT.copy()
    x[1, 1, 1] = side * hair + (side > 0)
    assert np.sort(all_of(load(saved(x=x)), "image"), None) == pytest.approx(np.sort(2 * x - 1, None), abs=2e-3)
    signed = 2 * UNIT - 1
    signed[1, 1, 1] = side * (1 + hair)
    found = all_of(load(saved(x=signed)), "image")
    assert (found.min(), found.max()) == (-1, 1)


@pytest.mark.parametrize(
    ("low", "high", "flags"),
    [
        (0, 1.13, ["--range=0,1", "--range=0,255"]),
        (-0.13, 1.13, ["--range=0,1", "--range=-1,1"]),
        (-0.2, 0.97, ["--range=0,1", "--range=-1,1"]),
        (-1.12, 1.1, ["--range=0,1", "--range=-1,1"]),
    ],
)
def test_what_a_resize_overshot_is_refused_with_both_readings(saved, low, high, flags):
    x = UNIT * (high - low) + low
    with pytest.raises(DataError, match="a resize overshot") as caught:
        load(saved(x=x))
    assert all(flag in str(caught.value) for flag in flags)
    for flag in flags:
        ends = [float(end) for end in flag.partition("=")[2].split(",")]
        found = np.sort(all_of(load(saved(x=x), range=ends), "image").ravel())
        expected = np.clip(np.sort(x.ravel()), *ends)
        assert found == pytest.approx(2 * (expected - ends[0]) / (ends[1] - ends[0]) - 1, abs=1e-6)


@pytest.mark.parametrize(("top", "dtype"), [(19, np.uint8), (40, np.int64), (0.2, np.float32), (9.5, np.float32)])
def test_dark_images_are_said_with_the_flag_that_rescales(saved, top, dtype):
    x = (UNIT * top).astype(dtype)
    made = load(saved(x=x))
    assert f"--range=0,{x.max():g} rescales" in "".join(made.notes.warnings)
    bright = load(saved(x=x), range=(0, x.max()))
    assert all_of(bright, "image").max() == 1
    assert not bright.notes.warnings


def test_sixteen_bits_in_an_array_are_read_in_the_range_that_is_said(saved):
    x = (UNIT * 4000).astype(np.uint16)
    with pytest.raises(DataError, match=r"values in \[0, 4000\].*--range=0,4095"):
        load(saved(x=x))
    found = all_of(load(saved(x=x), range=(0, 4095)), "image")
    assert np.sort(found.ravel()) == pytest.approx(np.sort(x.ravel()) / 4095 * 2 - 1, abs=1e-6)


def test_masks_of_0_and_1_are_rescaled_on_request(saved):
    mask = (UNIT > 0.5).astype(np.uint8)
    with pytest.raises(DataError, match=r"only 0 and 1.*--range=0,1"):
        load(saved(x=mask))
    assert set(np.unique(all_of(load(saved(x=mask), range=(0, 1)), "image"))) == {-1, 1}


def test_alpha_in_arrays_is_kept_or_laid_on_a_background(saved):
    x = RNG.integers(0, 256, (10, 5, 5, 4)).astype(np.uint8)
    with pytest.raises(DataError, match=r"4 channels\. --channels=4 keeps.*--channels=3 lays.*\(white"):
        load(saved(x=x))
    assert np.array_equal(load(saved(x=x), channels=4).train.stored["image"][0], x[0])
    laid = load(saved(x=x), channels=3, background="black").train.stored["image"][0]
    assert laid == pytest.approx(x[0, ..., :3] * (x[0, ..., 3:] / 255), abs=0.51)


# The file beside the data.


@pytest.fixture
def beside(tmp_path):
    def write(**said):
        (tmp_path / "a.features.json").write_text(json.dumps(said))

    return write


def test_a_file_beside_the_data_says_what_it_is(saved, beside):
    path = saved(x=WAVES, y=np.arange(60) % 2, age=np.linspace(0, 1, 60), other=np.zeros(3))
    beside(kind="series", rate=100, names=["well", "ill"], features={"age": "vector"}, omit=["other"])
    made = load(path)
    assert (made.spec.kind, made.spec.feature.rate) == ("series", 100)
    assert made.spec.features["label"].names == ("well", "ill")
    assert made.spec.features["age"].shape == (1,)
    assert made.train.arrays(2)["age"][:, 0] == pytest.approx([0, 1 / 59], abs=1e-6)
    assert made.spec.condition == ("label", "age")
    assert made.notes.left_out == ()
    assert load(path, kind="audio").spec.kind == "audio"  # an argument goes before the file


def test_names_and_types_of_an_arrays_columns(saved, beside):
    path = saved(x=np.stack([np.arange(30), np.arange(30) % 2, np.arange(30) % 3], axis=1))
    beside(kind="table", columns={"age": "", "member": "flag", "plan": "category"})
    columns = load(path).spec.feature.columns
    assert [(c.name, c.type) for c in columns] == [("age", "number"), ("member", "flag"), ("plan", "category")]
    assert columns[2].categories == ("0", "1", "2")
    beside(kind="table", columns=["a", "b"])
    with pytest.raises(DataError, match="3 columns, and 2 names of columns"):
        load(path)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"sort": "series"}, r"a\.features\.json is no description of data .*its keys are kind, .*; received sort"),
        ({"kind": "wave"}, r"--kind is one of"),
        ({"range": [1, 0]}, r"--range is LOW,HIGH with LOW below HIGH"),
        ({"columns": {"a": "money"}}, r"A column's type is one of number, category, date, flag; 'a' has 'money'"),
        ({"features": {"age": "series"}}, r"one of vector, tokens, label; 'age' is 'series'"),
        ({"kind": "table", "features": {"age": "vector"}}, r"There is no array 'age', which `features` names"),
        ({"background": "glass"}, r"as in black or #808080; received 'glass'"),
    ],
)
def test_descriptions_that_are_wrong(saved, beside, said, message):
    path = saved(x=WAVES)
    beside(**said)
    with pytest.raises(DataError, match=message):
        load(path)


def test_formats_know_what_was_given():
    assert Format.of(None, None, "series", [0, 5]).span == (0, 5)
    with pytest.raises(DataError, match=r"--range is LOW,HIGH, as in 0,255; received"):
        Format.of(None, None, None, [1, 2, 3])


# The line that says what was read, and the fingerprint.


def test_the_summary_is_one_line_of_what_was_read(saved):
    x, y = RNG.integers(0, 256, (1000, 6, 5, 3)).astype(np.uint8), np.arange(1000) % 2
    made = load(saved(x=x, y=y))
    assert made.summary == (
        f"{made.name}: 1,000 examples, 100 of them for testing; image 6x5x3; values 0 to 255; "
        "2 classes: 0 (500), 1 (500)."
    )


def test_the_fingerprint_is_of_every_example(saved):
    x = RNG.integers(0, 256, (30, 6, 5)).astype(np.uint8)
    first = load(saved(x=x)).fingerprint
    assert load(saved(x=x)).fingerprint == first
    assert first.startswith("27 + 3 examples, ")
    changed = x.copy()
    changed[17, 3, 2] ^= 1
    assert load(saved(x=changed)).fingerprint != first
    assert load(saved(x=x[:29])).fingerprint != first
    assert load(saved(x=x, y=np.arange(30) % 2)).fingerprint != first


@pytest.mark.parametrize(
    ("x", "kind"),
    [
        (RNG.integers(0, 256, (40, 6, 5, 3)).astype(np.uint8), None),
        (UNIT, None),
        (UNIT * 200, None),
        (UNIT > 0.5, "image"),
        (RNG.uniform(size=(20, 6, 6, 6)), "volume"),
        (WAVES, "series"),
        (STEREO, "audio"),
    ],
)
def test_a_large_npy_is_read_as_a_small_one_when_its_turn_comes(tmp_path, monkeypatch, x, kind):
    np.save(tmp_path / "a.npy", x)
    path = str(tmp_path / "a.npy")
    small = load(path, kind=kind)
    monkeypatch.setattr("zoo.data.sources.npz.LARGE", 100)
    large = load(path, kind=kind)
    assert type(large.train).__name__ == "Disk"
    assert large.spec == small.spec
    for mine, theirs in ((large.train, small.train), (large.test, small.test)):
        key = small.spec.kind
        assert mine.arrays()[key] == pytest.approx(theirs.arrays()[key], abs=1e-6)
    batches = [next(iter(made.train.batches(4, seed=1)))[key] for made in (large, small)]
    assert batches[0].numpy() == pytest.approx(batches[1].numpy(), abs=1e-6)


def test_a_large_npy_of_a_kind_that_has_to_fit_is_refused(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", WAVES)
    monkeypatch.setattr("zoo.data.sources.npz.LARGE", 100)
    with pytest.raises(DataError, match=r"a table has to fit into memory"):
        load(str(tmp_path / "a.npy"), kind="table")
    x = UNIT.copy()
    x[7, 3, 3] = np.nan
    np.save(tmp_path / "a.npy", x)
    with pytest.raises(DataError, match=r"1 values that are NaN"):
        load(str(tmp_path / "a.npy"))
