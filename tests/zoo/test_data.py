"""Data by name, and from the user's own files."""

import gzip
import os
import struct
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from zoo import data
from zoo.data import DataError, core, load
from zoo.data.builtin import FASHION_MNIST, fashion_mnist, idx
from zoo.data.images import conform
from zoo.model import Spec

RNG = np.random.default_rng(0)


def bytes_of(shape):
    return RNG.integers(0, 256, shape).astype(np.uint8)


# By name.


@pytest.mark.parametrize(
    ("name", "shape", "classes", "count"),
    [("digits", (8, 8, 1), 10, 1797), ("mnist-5k", (28, 28, 1), 10, 5000), ("faces", (25, 25, 1), 2, 200)],
)
def test_builtin_sets(name, shape, classes, count):
    made = load(name)
    assert (made.name, made.spec.shape, made.spec.classes) == (name, shape, classes)
    assert made.train.count + made.test.count == count
    assert len(made.class_names) == classes
    (x, labels), (held, held_labels) = made.train.arrays(), made.test.arrays()
    assert x.shape == (made.train.count, *shape)
    assert (min(x.min(), held.min()), max(x.max(), held.max())) == (-1, 1)
    whole = np.bincount(np.concatenate([labels, held_labels]))
    assert np.array_equal(np.bincount(held_labels), whole // 10)
    assert len(np.unique(np.concatenate([x, held]).reshape(count, -1), axis=0)) > 0.98 * count


def test_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    x, labels = load("digits").train.arrays(9)
    assert x[..., 0] == pytest.approx(load_digits().images[:9] / 8 - 1)
    assert np.array_equal(labels, load_digits().target[:9])


def test_faces_are_labelled_as_faces():
    """Faces are alike: the mean face is closer to a face than to other pictures."""
    x, labels = load("faces").train.arrays()
    mean = x[labels == 1].mean(axis=0)
    distance = np.square(x - mean).mean(axis=(1, 2, 3))
    assert distance[labels == 1].mean() < distance[labels == 0].mean()
    assert labels.tolist() == [1] * 90 + [0] * 90


@pytest.mark.skipif(not FASHION_MNIST.is_dir(), reason="dataset-fashion-mnist is not installed")
def test_fashion_mnist_is_whole():
    made = load("fashion-mnist")
    assert (made.train.count, made.test.count) == (60_000, 10_000)
    assert made.train.x.dtype == np.uint8
    assert np.bincount(made.train.labels).tolist() == [6000] * 10
    assert np.bincount(made.test.labels).tolist() == [1000] * 10
    x, labels = made.test.arrays()
    boot, trousers = (x[labels == made.class_names.index(n)].mean(axis=0)[..., 0] for n in ("ankle boot", "trouser"))
    assert boot[20:26].mean() > boot[:6].mean() + 0.5
    assert trousers[:, 10:18].mean() > trousers[:, :6].mean() + 0.5


@pytest.mark.parametrize(("size", "channels"), [(32, 3), (28, 1), ((20, 12), None)])
def test_size_and_channels_are_settled_when_loading(size, channels):
    plain, made = load("mnist-5k"), load("mnist-5k", size=size, channels=channels)
    height, width = (size, size) if isinstance(size, int) else size
    assert made.spec.shape == (height, width, channels or 1)
    assert made.train.count == plain.train.count
    assert np.array_equal(made.train.x, conform(plain.train.x, made.spec.shape))
    assert next(iter(made.train.batches(8, seed=0))).x.shape == (8, *made.spec.shape)


def test_names_are_described():
    assert data.names()[0] == "mnist-5k"
    assert set(data.names()) < set(data.DESCRIPTIONS)
    assert all(text and "\n" not in text for text in data.DESCRIPTIONS.values())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mnist5k", r"no data set 'mnist5k'\. Did you mean 'mnist-5k'\? Known: digits, .*Or tfds:NAME, FOLDER"),
        ("./nowhere", r"There is no file or folder \./nowhere\. Check the path; `zoo list --data`"),
        ("nowhere/x.npz", r"There is no file or folder nowhere/x\.npz"),
        ("nowhere/*.tfrecord", r"nowhere/\*\.tfrecord matches no TFRecord files"),
        (__file__, r"test_data\.py is a file of no known kind\. Give a folder of images, an \.npz or a \.tfrecord"),
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(DataError, match=message):
        load(name)


def test_a_missing_package_is_named():
    with pytest.raises(DataError, match=r"comes with nothing, which is missing .*pip install nothing\."):
        core.package("no_such_module", "nothing")


def test_downloads_that_fail_say_what_to_do(tmp_path):
    """In a process of its own, with an empty cache and no way to the network."""
    code = """
from pathlib import Path
from zoo.data import DataError, builtin
for make in (builtin.mnist, lambda: builtin.fashion_mnist(Path("/nowhere"))):
    try:
        make()
    except DataError as error:
        print(error)
"""
    closed = "http://127.0.0.1:9"
    env = {**os.environ, "KERAS_HOME": str(tmp_path), "https_proxy": closed, "HTTPS_PROXY": closed}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    first, second = (line for line in done.stdout.splitlines() if line.startswith("keras.datasets"))
    assert "keras.datasets.mnist could not be fetched" in first
    assert "`mnist-5k` has 5,000" in first
    assert "keras.datasets.fashion_mnist could not be fetched" in second
    assert "apt-get install dataset-fashion-mnist" in second


# IDX.


def write_idx(path, array, kind=0x08):
    head = struct.pack(">HBB", 0, kind, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(head + array.tobytes()))


@pytest.mark.parametrize("shape", [(7,), (3, 4, 5), (2, 3, 2, 2)])
def test_idx_comes_back(tmp_path, shape):
    array = bytes_of(shape)
    write_idx(tmp_path / "a.gz", array)
    assert np.array_equal(idx(tmp_path / "a.gz"), array)


def test_idx_of_a_whole_set(tmp_path):
    parts = {}
    for part, count in (("train", 30), ("t10k", 8)):
        parts[part] = bytes_of((count, 6, 5)), (np.arange(count) % 3).astype(np.uint8)
        write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", parts[part][0])
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte.gz", parts[part][1])
    x, labels, test = fashion_mnist(tmp_path)
    assert test.tolist() == [False] * 30 + [True] * 8
    assert np.array_equal(x[test], parts["t10k"][0])
    assert np.array_equal(labels[~test], parts["train"][1])


def test_broken_idx_is_named(tmp_path):
    path = tmp_path / "a.gz"
    repair = r"a\.gz cannot be read as a gzipped IDX file .*apt-get install --reinstall dataset-fashion-mnist"
    write_idx(path, bytes_of((3, 4)))
    whole = path.read_bytes()
    head = struct.pack(">HBBII", 0, 8, 2, 3, 4)
    for content in (whole[:-9], b"", b"text", gzip.compress(head + bytes(11)), gzip.compress(head[:5])):
        path.write_bytes(content)
        with pytest.raises(DataError, match=repair):
            idx(path)
    write_idx(path, np.zeros(3, np.float32), kind=0x0D)
    with pytest.raises(DataError, match="starts with 00 00 0d 01, IDX of bytes with 00 00 08"):
        idx(path)
    with pytest.raises(DataError, match=r"missing\.gz cannot be read as .*apt-get install --reinstall"):
        idx(tmp_path / "missing.gz")


# Arrays and tables.


def saved(path, **arrays):
    np.savez(path, **arrays)
    return str(path)


@pytest.mark.parametrize("keys", [("x", "y"), ("images", "labels"), ("pictures", "label"), ("x", None)])
def test_npz_of_images(tmp_path, keys):
    x, y = bytes_of((40, 6, 5, 3)), np.arange(40) % 4
    made = load(saved(tmp_path / "a.npz", **{keys[0]: x, **({keys[1]: y} if keys[1] else {})}))
    assert made.spec == Spec((6, 5, 3), 4 if keys[1] else 0)
    assert (made.train.count, made.test.count) == (36, 4)
    rows, labels = made.test.arrays()
    held = slice(36, 40) if keys[1] else slice(9, 40, 10)
    assert np.array_equal(rows, x[held].astype(np.float32) / 127.5 - 1)
    assert np.array_equal(labels, y[held] if keys[1] else np.zeros(4))
    if not keys[1]:
        assert not next(iter(made.train.batches(5, seed=0))).label.numpy().any()


def test_npz_with_its_own_test_split(tmp_path):
    x, y = bytes_of((12, 4, 4)), np.arange(12) % 3
    path = saved(tmp_path / "a.npz", x_train=x[:9], y_train=y[:9], x_test=x[9:], y_test=y[9:])
    made = load(path)
    assert (made.train.count, made.test.count) == (9, 3)
    assert np.array_equal(made.test.x[..., 0], x[9:])
    assert np.array_equal(made.train.labels, y[:9])
    with pytest.raises(DataError, match=r"x_train \(9, 4, 4\) and x_test \(3, 4\) of .*a\.npz do not fit"):
        load(saved(tmp_path / "a.npz", x_train=x[:9], x_test=x[9:, 0]))


def test_tables_are_scaled_by_their_training_rows(tmp_path):
    x = RNG.normal(size=(50, 3)) * [1, 100, 0] + [5, -7, 3]
    made = load(saved(tmp_path / "a.npz", x=x, y=np.arange(50) % 2))
    assert made.spec == Spec((3,), 2)
    rows, _ = made.train.arrays()
    assert rows.dtype == np.float32
    assert rows.min(axis=0).tolist() == [-1, -1, 0]
    assert rows.max(axis=0).tolist() == [1, 1, 0]
    held = np.concatenate([made.train.arrays()[0], made.test.arrays()[0]])
    back = made.scaling.unscale(held)
    assert np.sort(back, axis=0) == pytest.approx(np.sort(x, axis=0), rel=1e-5, abs=1e-5)
    assert made.scaling.scale(back) == pytest.approx(held, abs=1e-6)
    assert next(iter(made.train.batches(8, seed=0))).x.shape == (8, 3)
    # The extremes are the training rows': a wilder test row does not move them, and is not cut off.
    split = {"x_train": np.array([[0.0], [1.0]]), "x_test": np.array([[3.0]])}
    assert load(saved(tmp_path / "b.npz", **split)).test.arrays()[0].tolist() == [[5.0]]


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
        load(saved(tmp_path / "a.npz", **arrays))


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
        load(saved(tmp_path / "a.npz", x=np.zeros((5, 2))), size=8)


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
    assert made.spec == Spec((6, 5, 3), 2)
    assert made.class_names == ("bee", "cat")
    assert (made.train.count, made.test.count) == (36, 4)
    x, labels = made.train.arrays()
    sources = [str(p.relative_to(tmp_path)) for p in made.train.sources]
    assert sources == sorted(set(sources))
    for name, image, label in zip(sources, x, labels, strict=True):
        assert np.array_equal(image, pixels[name].astype(np.float32) / 127.5 - 1)
        assert made.class_names[label] == name.partition("/")[0]


@pytest.mark.parametrize("names", [["a.png", "b/c.png", "b/d.png"], ["b/a.png", "b/c.png"], ["a.png", "c.png"]])
def test_folder_without_classes(tmp_path, names):
    write_images(tmp_path, names, (4, 4, 1))
    made = load(str(tmp_path))
    assert made.spec == Spec((4, 4, 1), 0)
    assert made.train.count + made.test.count == len(names)


def test_folder_with_its_own_test_split(tmp_path):
    write_images(tmp_path, ["train/a/1.png", "train/a/2.png", "train/b/3.png", "test/b/4.png", "test/a/5.png"])
    made = load(str(tmp_path))
    assert made.class_names == ("a", "b")
    assert [p.name for p in made.train.sources] == ["1.png", "2.png", "3.png"]
    assert made.train.labels.tolist() == [0, 0, 1]
    assert [p.name for p in made.test.sources] == ["5.png", "4.png"]
    assert made.test.labels.tolist() == [0, 1]


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
    assert np.array_equal(made.test.arrays()[0], expected[None])


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
    assert made.spec == Spec((6, 5, 3), 2)
    x, seen = made.test.arrays()
    assert np.array_equal(x, pixels[held].astype(np.float32) / 127.5 - 1)
    assert np.array_equal(seen, labels[held])
    x, seen = made.train.arrays()
    assert np.array_equal(x, np.delete(pixels, held, axis=0).astype(np.float32) / 127.5 - 1)
    assert np.array_equal(seen, np.delete(labels, held))


def test_records_are_resized(tmp_path):
    write_records(tmp_path / "a.tfrecord", [raw(bytes_of((6, 5, 3))), as_png(bytes_of((4, 4, 1)))])
    made = load(str(tmp_path / "a.tfrecord"), size=8, channels=1)
    assert made.spec == Spec((8, 8, 1), 0)
    assert made.train.arrays()[0].shape == (1, 8, 8, 1)


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


def test_records_that_vanish_are_named(tmp_path):
    path = tmp_path / "a.tfrecord"
    write_records(path, [raw(bytes_of((4, 4, 1))) for _ in range(3)])
    made = load(str(path))
    path.unlink()
    with pytest.raises(DataError, match=r"record 0 of .*a\.tfrecord cannot be read any more .*Put the file back"):
        made.train.arrays()
