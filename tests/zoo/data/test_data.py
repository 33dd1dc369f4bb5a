"""Data by name."""

import gzip
import os
import struct
import subprocess
import sys

import numpy as np
import pytest

from zoo import data
from zoo.data import DataError, load
from zoo.data import dataset as core
from zoo.data.images import conform
from zoo.data.sources.builtin import FASHION_MNIST, fashion_mnist, idx

RNG = np.random.default_rng(0)


def rows(split, limit=None):
    arrays = split.arrays(limit)
    return arrays["image"], arrays["label"]


def bytes_of(shape):
    return RNG.integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "shape", "classes", "count"),
    [("digits", (8, 8, 1), 10, 1797), ("mnist-5k", (28, 28, 1), 10, 5000), ("faces", (25, 25, 1), 2, 200)],
)
def test_builtin_sets(name, shape, classes, count):
    made = load(name)
    assert (made.name, made.spec.shape, made.spec.classes) == (name, shape, classes)
    assert made.train.count + made.test.count == count
    assert len(made.spec.features["label"].names) == classes
    (x, labels), (held, held_labels) = rows(made.train), rows(made.test)
    assert x.shape == (made.train.count, *shape)
    assert (min(x.min(), held.min()), max(x.max(), held.max())) == (-1, 1)
    whole = np.bincount(np.concatenate([labels, held_labels]))
    assert np.array_equal(np.bincount(held_labels), whole // 10)
    assert len(np.unique(np.concatenate([x, held]).reshape(count, -1), axis=0)) > 0.98 * count


def test_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    x, labels = rows(load("digits").train, 9)
    assert x[..., 0] == pytest.approx(load_digits().images[:9] / 8 - 1)
    assert np.array_equal(labels, load_digits().target[:9])


def test_faces_are_labelled_as_faces():
    """Faces are alike: the mean face is closer to a face than to other pictures."""
    x, labels = rows(load("faces").train)
    mean = x[labels == 1].mean(axis=0)
    distance = np.square(x - mean).mean(axis=(1, 2, 3))
    assert distance[labels == 1].mean() < distance[labels == 0].mean()
    assert labels.tolist() == [1] * 90 + [0] * 90


@pytest.mark.skipif(not FASHION_MNIST.is_dir(), reason="dataset-fashion-mnist is not installed")
def test_fashion_mnist_is_whole():
    made = load("fashion-mnist")
    assert (made.train.count, made.test.count) == (60_000, 10_000)
    assert made.train.stored["image"].dtype == np.uint8
    assert np.bincount(made.train.stored["label"]).tolist() == [6000] * 10
    assert np.bincount(made.test.stored["label"]).tolist() == [1000] * 10
    x, labels = rows(made.test)
    names = made.spec.features["label"].names
    boot, trousers = (x[labels == names.index(n)].mean(axis=0)[..., 0] for n in ("ankle boot", "trouser"))
    assert boot[20:26].mean() > boot[:6].mean() + 0.5
    assert trousers[:, 10:18].mean() > trousers[:, :6].mean() + 0.5


@pytest.mark.parametrize(("size", "channels"), [(32, 3), (28, 1), ((20, 12), None)])
def test_size_and_channels_are_settled_when_loading(size, channels):
    plain, made = load("mnist-5k"), load("mnist-5k", size=size, channels=channels)
    height, width = (size, size) if isinstance(size, int) else size
    assert made.spec.shape == (height, width, channels or 1)
    assert made.train.count == plain.train.count
    assert np.array_equal(made.train.stored["image"], conform(plain.train.stored["image"], made.spec.shape))
    assert next(iter(made.train.batches(8, seed=0)))["image"].shape == (8, *made.spec.shape)


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
        (__file__, r"test_data\.py is a file of no known kind\. Give a folder of images, or one of \.npz, .*\.zip"),
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
from zoo.data import DataError
from zoo.data.sources import builtin
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
    x, labels, test, _ = fashion_mnist(tmp_path)
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
