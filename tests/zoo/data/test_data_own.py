"""Data from the user's own files."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from zoo.core.features import Spec, image
from zoo.data import DataError, load
from zoo.data.images import conform

RNG = np.random.default_rng(0)


def rows_of(split):
    arrays = split.arrays()
    return arrays["image"], arrays["label"]


def bytes_of(shape):
    return RNG.integers(0, 256, shape).astype(np.uint8)


# Arrays and tables.


TABLE = {"kind": "table"}


def saved(path, **arrays):
    np.savez(path, **arrays)
    return str(path)


@pytest.mark.parametrize("keys", [("x", "y"), ("images", "labels"), ("pictures", "label"), ("x", None)])
def test_npz_of_images(tmp_path, keys):
    x, y = bytes_of((40, 6, 5, 3)), np.arange(40) % 4
    made = load(saved(tmp_path / "a.npz", **{keys[0]: x, **({keys[1]: y} if keys[1] else {})}))
    assert made.spec == Spec.of(image(6, 5, 3), 4 if keys[1] else 0)
    assert (made.train.count, made.test.count) == (36, 4)
    arrays = made.test.arrays()
    held = slice(36, 40) if keys[1] else slice(9, 40, 10)
    assert np.array_equal(arrays["image"], x[held].astype(np.float32) / 127.5 - 1)
    if keys[1]:
        assert np.array_equal(arrays["label"], y[held])
    else:
        assert arrays.keys() == next(iter(made.train.batches(5, seed=0))).keys() == {"image"}


def test_npz_with_its_own_test_split(tmp_path):
    x, y = bytes_of((12, 4, 4)), np.arange(12) % 3
    path = saved(tmp_path / "a.npz", x_train=x[:9], y_train=y[:9], x_test=x[9:], y_test=y[9:])
    made = load(path)
    assert (made.train.count, made.test.count) == (9, 3)
    assert np.array_equal(made.test.stored["image"][..., 0], x[9:])
    assert np.array_equal(made.train.stored["label"], y[:9])
    with pytest.raises(DataError, match=r"x_train \(9, 4, 4\) and x_test \(3, 4\) of .*a\.npz do not fit"):
        load(saved(tmp_path / "a.npz", x_train=x[:9], x_test=x[9:, 0]))


def test_tables_are_scaled_by_their_training_rows(tmp_path):
    x = RNG.normal(size=(50, 3)) * [1, 100, 0] + [5, -7, 3]
    made = load(saved(tmp_path / "a.npz", x=x, y=np.arange(50) % 2), **TABLE)
    assert (made.spec.kind, made.spec.shape, made.spec.classes) == ("table", (3,), 2)
    rows = made.train.arrays()["table"]
    assert rows.dtype == np.float32
    assert rows.min(axis=0).tolist() == [-1, -1, 0]
    assert rows.max(axis=0).tolist() == [1, 1, 0]
    held = np.concatenate([split.arrays()["table"] for split in (made.train, made.test)])
    back = made.spec.feature.to_wire("table", tf.constant(held))
    restored = np.stack(list(back.values()), axis=1)
    assert np.sort(restored, axis=0) == pytest.approx(np.sort(x, axis=0), rel=1e-5, abs=1e-5)
    assert made.spec.feature.from_wire("table", back).numpy() == pytest.approx(held, abs=1e-5)
    assert next(iter(made.train.batches(8, seed=0)))["table"].shape == (8, 3)
    # The extremes are the training rows': a wilder test row does not move them, and is not cut off.
    split = {"x_train": np.array([[0.0], [1.0]]), "x_test": np.array([[3.0]])}
    assert load(saved(tmp_path / "b.npz", **split), **TABLE).test.arrays()["table"].tolist() == [[5.0]]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((0, 4, 4))}, r"a\.npz has no examples"),
        ({"x": np.full((5, 2), np.nan)}, r"a\.npz holds 10 values that are NaN"),
        ({"x": np.full((5, 4, 4), np.inf)}, r"a\.npz holds 80 values that are NaN or infinite"),
        ({"x": np.zeros((5, 2), "U3")}, r"a\.npz holds values of type <U3; a table has numbers"),
        ({"x": np.zeros(5)}, r"'x' in .*a\.npz has the shape \(5,\)"),
        ({"y": np.zeros(5)}, r"a\.npz has no array of examples; its keys are \['y'\]\. Name one `x`"),
        ({"x": np.zeros((5, 2)), "y": np.zeros(4)}, r"labels of .*a\.npz have the shape \(4,\); \(5,\) fits"),
        ({"x": np.zeros((5, 2)), "y": np.eye(5)}, r"one-hot: use argmax\(axis=1\)"),
        ({"x": np.zeros((5, 2)), "y": np.arange(5) - 1}, r"not numbers 0 to K - 1.*return_inverse"),
        ({"x": np.zeros((5, 2)), "y": np.arange(5) * 100}, r"not numbers 0 to K - 1"),
        ({"x": np.zeros((5, 2)), "y": np.arange(5) / 2}, r"not numbers 0 to K - 1"),
        ({"x": np.array([{}, {}])}, r"a\.npz cannot be read as an \.npz of numeric arrays .*np\.savez"),
        ({"x": np.zeros((1, 2))}, r"There is 1 example; at least two"),
    ],
)
def test_npz_mistakes(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message):
        load(saved(tmp_path / "a.npz", **arrays), kind="table" if arrays.get("x", np.zeros(1)).ndim == 2 else None)


def test_broken_npz_is_named(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=bytes_of((20, 8, 8)))
    whole = path.read_bytes()
    for content in (b"", b"text", whole[:-30], whole[:200] + bytes(100) + whole[300:]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"a\.npz cannot be read as an \.npz"):
            load(str(path))


def test_tables_have_no_size(tmp_path):
    with pytest.raises(DataError, match=r"a table of 2 columns; size and channels are for images\. Omit them"):
        load(saved(tmp_path / "a.npz", x=np.zeros((5, 2))), size=8, **TABLE)


# Folders.


def write_images(root, names, shape=(6, 5, 3)):
    pixels = {}
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        pixels[name] = bytes_of(shape)
        Image.fromarray(pixels[name].squeeze()).save(root / name)
    return pixels


def test_folder_of_classes(tmp_path):
    names = [f"{kind}/{deep}{i}.png" for kind in ("cat", "bee") for deep in ("", "more/") for i in range(10)]
    pixels = write_images(tmp_path, names)
    (tmp_path / "notes.txt").write_text("not an image")
    write_images(tmp_path, [".hidden/a.png", "cat/.b.png"])
    made = load(str(tmp_path))
    assert made.spec == Spec.of(image(6, 5, 3), ("bee", "cat"))
    assert (made.train.count, made.test.count) == (36, 4)
    x, labels = rows_of(made.train)
    sources = [str(p.relative_to(tmp_path)) for p in made.train.sources]
    assert sources == sorted(set(sources))
    for name, picture, label in zip(sources, x, labels, strict=True):
        assert np.array_equal(picture, pixels[name].astype(np.float32) / 127.5 - 1)
        assert made.spec.features["label"].names[label] == name.partition("/")[0]


@pytest.mark.parametrize("names", [["a.png", "b/c.png", "b/d.png"], ["b/a.png", "b/c.png"], ["a.png", "c.png"]])
def test_folder_without_classes(tmp_path, names):
    write_images(tmp_path, names, (4, 4, 1))
    made = load(str(tmp_path))
    assert made.spec == Spec.of(image(4, 4, 1))
    assert made.train.count + made.test.count == len(names)


def test_folder_with_its_own_test_split(tmp_path):
    write_images(tmp_path, ["train/a/1.png", "train/a/2.png", "train/b/3.png", "test/b/4.png", "test/a/5.png"])
    made = load(str(tmp_path))
    assert made.spec.features["label"].names == ("a", "b")
    assert [p.name for p in made.train.sources] == ["1.png", "2.png", "3.png"]
    assert made.train.others["label"].tolist() == [0, 0, 1]
    assert [p.name for p in made.test.sources] == ["5.png", "4.png"]
    assert made.test.others["label"].tolist() == [0, 1]


def test_folder_of_mixed_images(tmp_path):
    write_images(tmp_path, ["a.png", "b.png"])
    write_images(tmp_path, ["c.png"], (9, 7, 3))
    with pytest.raises(DataError, match=r"a\.png is 6x5 and .*c\.png is 9x7 .*Give one size"):
        load(str(tmp_path))
    write_images(tmp_path, ["c.png"], (6, 5, 1))
    with pytest.raises(DataError, match=r"c\.png is grey and .*a\.png is colour\. Give channels"):
        load(str(tmp_path))
    pixels = write_images(tmp_path, ["c.png"], (9, 7, 1))["c.png"]
    made = load(str(tmp_path), size=(8, 12), channels=3)
    assert made.spec.shape == (8, 12, 3)
    expected = conform(pixels, (8, 12, 3)).astype(np.float32) / 127.5 - 1
    assert np.array_equal(made.test.arrays()["image"], expected[None])


def test_folder_mistakes(tmp_path):
    with pytest.raises(DataError, match=r"has no images \(\.png, .*Give a folder that has some"):
        load(str(tmp_path))
    write_images(tmp_path, ["a.png", "b.png"])
    (tmp_path / "b.png").write_bytes(b"not an image")
    with pytest.raises(DataError, match=r"b\.png cannot be read as an image .*Replace it or remove it"):
        load(str(tmp_path))


# TFRecords.


def feature(value):
    if isinstance(value, bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))


def write_records(path, examples, options=None):
    with tf.io.TFRecordWriter(str(path), options) as writer:
        for example in examples:
            features = {key: feature(value) for key, value in example.items()}
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())


def raw(pixels, **more):
    height, width, channels = pixels.shape
    return {"image_raw": pixels.tobytes(), "height": height, "width": width, "channels": channels, **more}


def as_png(pixels, **more):
    return {"image": tf.io.encode_png(pixels).numpy(), **more}


@pytest.mark.parametrize("example", [raw, as_png])
@pytest.mark.parametrize("given", ["file", "glob", "folder"])
def test_records_come_back(tmp_path, example, given):
    pixels, labels = bytes_of((20, 6, 5, 3)), np.arange(20) // 10
    for part in range(2):
        rows = range(10 * part, 10 * part + 10)
        path = tmp_path / f"a.tfrecord-{part}-of-2"
        write_records(path, [example(pixels[i], label=int(labels[i])) for i in rows])
    names = {"file": str(tmp_path / "a.tfrecord-1-of-2"), "glob": f"{tmp_path}/*.tfrecord*", "folder": str(tmp_path)}
    if given == "file":
        pixels, labels = pixels[10:], labels[10:]
    made = load(names[given])
    held = [9] if given == "file" else [9, 19]
    assert made.spec == Spec.of(image(6, 5, 3), 2)
    x, seen = rows_of(made.test)
    assert np.array_equal(x, pixels[held].astype(np.float32) / 127.5 - 1)
    assert np.array_equal(seen, labels[held])
    x, seen = rows_of(made.train)
    assert np.array_equal(x, np.delete(pixels, held, axis=0).astype(np.float32) / 127.5 - 1)
    assert np.array_equal(seen, np.delete(labels, held))


def test_records_are_resized(tmp_path):
    write_records(tmp_path / "a.tfrecord", [raw(bytes_of((6, 5, 3))), as_png(bytes_of((4, 4, 1)))])
    made = load(str(tmp_path / "a.tfrecord"), size=8, channels=1)
    assert made.spec == Spec.of(image(8, 8, 1))
    assert made.train.arrays()["image"].shape == (1, 8, 8, 1)


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ([], r"a\.tfrecord has no records\. Write some"),
        ([{"label": 1}], r"record 0 of .*a\.tfrecord has no image; its features are \['label'\]\. Write one as"),
        ([{"image": 3}], r"record 0 of .*a\.tfrecord has no image"),
        ([{"image": b"junk"}], r"record 0 of .*a\.tfrecord cannot be read as an image"),
        (
            [raw(np.zeros((2, 2, 1), np.uint8)), raw(np.zeros((2, 2, 1), np.uint8), height=3)],
            r"record 1 of .*a\.tfrecord has 4 bytes of image_raw for .*\(3, 2, 1\)",
        ),
        ([{"image_raw": b"1234"}], r"4 bytes of image_raw for height, width, channels = \(0, 0, 0\)"),
        (
            [raw(np.zeros((2, 2, 1), np.uint8), label=0), raw(np.zeros((2, 2, 1), np.uint8))],
            r"Only 1 of the 2 records of .*a\.tfrecord have a label\. Give all or none",
        ),
        (
            [raw(np.zeros((2, 2, 1), np.uint8)), raw(np.zeros((3, 2, 1), np.uint8))],
            r"record 0 of .* is 2x2 and record 1 of .* is 3x2 .*Give one size",
        ),
    ],
)
def test_record_mistakes(tmp_path, examples, message):
    write_records(tmp_path / "a.tfrecord", examples)
    with pytest.raises(DataError, match=message):
        load(str(tmp_path / "a.tfrecord"))


def test_broken_records_are_named(tmp_path):
    path = tmp_path / "a.tfrecord"
    write_records(path, [raw(bytes_of((4, 4, 1))) for _ in range(3)])
    whole = path.read_bytes()
    third = 2 * len(whole) // 3
    flipped = whole[: third + 20] + bytes([whole[third + 20] ^ 1]) + whole[third + 21 :]
    for content in (whole[:-5], flipped, whole[: third + 3]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=rf"a\.tfrecord is not a whole, .*breaks at byte {third} "):
            load(str(path))
    write_records(path, [raw(bytes_of((4, 4, 1)))], "GZIP")
    with pytest.raises(DataError, match=r"a\.tfrecord is not a whole, uncompressed .*gunzip"):
        load(str(path))
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(b"\xff\xff")
    with pytest.raises(DataError, match=r"record 0 of .*a\.tfrecord is not a tf\.train\.Example"):
        load(str(path))


def test_records_that_vanish_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.data.splits._KEEP", 0)  # so they are read again
    path = tmp_path / "a.tfrecord"
    write_records(path, [raw(bytes_of((4, 4, 1))) for _ in range(3)])
    made = load(str(path))
    path.unlink()
    with pytest.raises(DataError, match=r"record 0 of .*a\.tfrecord cannot be read any more .*Put the file back"):
        made.train.arrays()
