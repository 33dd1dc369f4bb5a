"""The commands that ask a server, run as commands against a real one."""

import csv
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from serving.models.store import StoreConfig
from serving.server.config import ServerConfig
from serving.server.embedded import Server
from zoo import cli, data


class Drawer(tf.Module):
    """sample(seed, label): 4x6 images of the grey seed / 255; discriminate(images): the mean and the brightest."""

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int64, n) for n in ("seed", "label")])
    def sample(self, seed, label):
        grey = tf.cast(seed % 256, tf.float32) / 255.0
        return {"images": tf.ones((1, 4, 6, 1)) * tf.reshape(grey, (-1, 1, 1, 1)), "kind": label}

    @tf.function(input_signature=[tf.TensorSpec((None, 4, 6, 1), tf.float32, "images")])
    def discriminate(self, images):
        return {"logits": tf.reduce_mean(images, (1, 2, 3)), "most": tf.reduce_max(images, (1, 2))}


class People(tf.Module):
    """sample(seed): a row of an age and a town."""

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int64, "seed")])
    def sample(self, seed):
        return {"age": 20 + seed, "town": tf.gather(tf.constant(["Bonn", "Köln, Deutz"]), seed % 2)}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with `drawer` version 2 and `people` version 1."""
    folder, drawer = tmp_path_factory.mktemp("models"), Drawer()
    names = {"serving_default": drawer.discriminate, "discriminate": drawer.discriminate, "sample": drawer.sample}
    tf.saved_model.save(drawer, str(folder / "drawer" / "2"), signatures=names)
    people = People()
    tf.saved_model.save(people, str(folder / "people" / "1"), signatures={"sample": people.sample})
    return folder


@pytest.fixture(scope="module")
def address(models):
    """A server of them."""
    server = Server(ServerConfig(StoreConfig(models), port=0))
    yield server.address
    server.stop(0)


@pytest.fixture
def zoo(address, tmp_path, monkeypatch, capsys):
    """Runs a command line in a folder of its own; gives what it printed, or what it complained of."""
    monkeypatch.chdir(tmp_path)

    def run(line, code=0):
        assert cli.main([*line.split(), "--server", address]) == code
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return run


def test_status_and_describe(zoo):
    assert zoo("status drawer") == "version 2 is AVAILABLE\n"
    text = zoo("describe drawer")
    assert text.startswith(
        "drawer version 2\n\ndiscriminate (tensorflow/serving/predict)\n  in  images: float32 [?, 4, 6, 1]"
    )
    assert "  in  label: int64 [?]\n  in  seed: int64 [?]\n  out images: float32 [?, 4, 6, 1]" in text


def test_samples_of_columns(zoo):
    zoo("sample people --count 3 --seed 4 --out people.csv")
    with open("people.csv", newline="") as file:
        assert list(csv.reader(file)) == [["age", "town"], ["24", "Bonn"], ["25", "Köln, Deutz"], ["26", "Bonn"]]
    zoo("sample people --count 2 --out people.npz")
    with np.load("people.npz") as made:
        assert {key: made[key].tolist() for key in made} == {
            "seed": [0, 1],
            "age": [20, 21],
            "town": ["Bonn", "Köln, Deutz"],
        }
    assert "generates age, town, not pictures. Give --out a .csv or .npz" in zoo("sample people --out p.png", 2)
    assert "drawer generates images, kind, not columns" in zoo("sample drawer --labels 1 --out p.csv", 2)


def test_sample_then_predict_from_its_file(zoo, tmp_path):
    zoo("sample drawer --count 150 --seed 7 --labels 3,5 --out s.npz")
    with np.load("s.npz") as made:
        assert made["seed"].tolist() == list(range(7, 157))
        assert made["label"].tolist() == [(3, 5)[seed % 2] for seed in range(7, 157)]
        images = made["images"]
    np.testing.assert_allclose(images[:, 0, 0, 0], np.arange(7, 157) / 255, rtol=1e-6)
    shown = zoo("predict drawer --signature discriminate --input images=s.npz --outputs logits")
    assert "drawer version 2, discriminate\nlogits: float32 [150]\n[0.0275" in shown
    np.save("one.npy", images[:2])
    assert "most: float32 [2, 1]" in zoo("predict drawer --input images=one.npy --out deep/found.npz")
    with np.load("deep/found.npz") as found:
        np.testing.assert_allclose(found["logits"], images[:2].mean((1, 2, 3)), rtol=1e-6)


def test_samples_of_a_folder_are_those_of_a_server(zoo, models, capsys):
    line = "sample drawer --count 70 --seed 5 --labels 0:3 --out"
    zoo(f"{line} served.npz")
    assert cli.main([*line.split(), "local.npz", "--models", str(models)]) == 0
    assert capsys.readouterr().out == "70 samples of drawer version 2: local.npz\n"
    with np.load("served.npz") as served, np.load("local.npz") as local:
        assert sorted(served.files) == sorted(local.files) == ["images", "kind", "label", "seed"]
        for name in served.files:
            np.testing.assert_array_equal(served[name], local[name])


@pytest.mark.parametrize("form", ["npz", "tfrecord"])
def test_batch_then_batch_over_what_it_wrote(form, zoo, tmp_path):
    line = f"batch drawer --seeds 0:300 --labels 0:3 --format {form} --shard-rows 128 --out drawn"
    assert "300 rows of drawer version 2: drawn (3 of 3 shards written)" in zoo(line)
    assert "it was complete already" in zoo(line)
    assert "labels was [0, 1, 2], now [0, 1]" in zoo(line.replace("0:3 ", "0:2 "), code=2)
    zoo("batch drawer --inputs drawn --signature discriminate --outputs logits --out judged")
    with np.load("judged/shard-00000.npz") as judged:
        np.testing.assert_allclose(judged["logits"], np.arange(300) % 256 / 255, rtol=1e-5, atol=1e-6)
        assert judged["label"].tolist() == [i % 3 for i in range(300)]
        assert judged["seed"].tolist() == list(range(300))
    loaded = data.load("drawn" if form == "tfrecord" else "drawn/shard-00000.npz")
    assert (loaded.spec.shape, loaded.spec.classes) == ((4, 6, 1), 3)


def test_batch_of_a_folder_of_images(zoo, tmp_path):
    (tmp_path / "photos").mkdir()
    for i in range(5):
        Image.new("RGB", (6, 4), (i * 50,) * 3).save(tmp_path / "photos" / f"{i}.png")
    zoo("batch drawer --inputs photos --out found")
    with np.load("found/shard-00000.npz") as found:
        np.testing.assert_allclose(found["most"][:, 0], np.arange(5) * 50 / 255, rtol=1e-6)
    assert json.loads((tmp_path / "found" / "manifest.json").read_text())["job"]["inputs"]["files"] == 5


def test_progress_shows_the_rate_and_the_time_left(address, tmp_path):
    words = ["batch", "drawer", "--seeds", "0:2000", "--labels", "1", "--out", str(tmp_path / "o"), "--server", address]
    shown = subprocess.run([sys.executable, "-m", "zoo", *words], capture_output=True, text=True, check=True).stderr
    assert re.fullmatch(r"2000/2000 rows  \S+ s  \S+ rows/s  0:00 left", shown.splitlines()[-1]), shown


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("batch drawer", "Give --seeds START:STOP, or --inputs"),
        ("batch drawer --seeds 5", "--seeds is START:STOP, as in 0:1000; received '5'"),
        ("batch drawer --seeds 5:5", "with STOP above START"),
        ("batch drawer --seeds 0:5 --labels a", "--labels is 3, or 0,1,2, or 0:10; received 'a'"),
        ("batch drawer --inputs nowhere", "There is no file or folder nowhere"),
        ("batch drawer --inputs x --labels 3", "takes images, not label. Leave it out"),
        ("batch drawer --seeds 0:5 --window 0", "--window must be above 0"),
        ("batch drawer --seeds 0:5 --rows 0", "received 0"),
        ("batch drawer --seeds 0:5", "Missing: label. Give --labels."),
        ("batch drawer --seeds 0:5 --signature nope", "It has: discriminate, sample, serving_default"),
        ("sample drawer", "drawer:sample takes label, seed; received seed. Missing: label. Give --labels."),
        ("sample drawer --labels 1:1", "with STOP above START"),
        ("sample drawer --labels 1 --out x.jpg", "--out ends in .png"),
        ("sample drawer --labels 1 --count 0", "--count must be above 0"),
        ("predict drawer --input images", "--input is written name=value"),
        ("predict drawer --input images=no.npy", "no.npy is no readable .npy or .npz"),
        ("predict drawer --out x.csv", "--out ends in .npz"),
        ("status drawer --key a", "--certificate and --key belong together"),
        ("status drawer --metadata a", "--metadata is written name=value"),
    ],
)
def test_mistakes(line, message, zoo, tmp_path):
    np.savez(tmp_path / "x", images=np.zeros((1, 4, 6, 1), np.float32))
    line = line.replace("--inputs x ", "--inputs x.npz ")
    assert message in zoo(line, code=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.npz"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("status nope", "Could not find any versions of model nope"),
        ("describe drawer --version 1", "Specific(drawer, 1)"),
        ("predict drawer", "Missing but required: {images}"),
        ("batch nope --seeds 0:5 --out o", "Latest(nope)"),
        ("status drawer --ca missing.pem", "missing.pem"),
    ],
)
def test_failures(line, message, zoo):
    assert message in zoo(line, code=1)


def test_none_of_them_needs_tensorflow(address, tmp_path):
    code = (
        "import sys; from zoo import cli; a = sys.argv[1]; s = ['--server', a]\n"
        "for line in ('status drawer', 'describe drawer', 'sample drawer --labels 1 --count 2 --out s.npz',\n"
        "             'predict drawer --input images=s.npz', 'batch drawer --seeds 0:2 --labels 1 --format tfrecord',\n"
        "             'batch drawer --inputs drawn --out again'):\n"
        "    assert cli.main(line.split() + s) == 0, line\n"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, address], cwd=tmp_path, check=True, capture_output=True)
