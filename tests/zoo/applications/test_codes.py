"""Walks through codes, thresholds for anomalies, codes as compressed data."""

import csv

import numpy as np
import pytest
from PIL import Image

from zoo import cli
from zoo.applications import anomaly, compression, latent
from zoo.core.config import RunConfig, TrainConfig
from zoo.export import savedmodel as export
from zoo.training import run

RANDOM = np.random.default_rng(0)


def test_the_plane_is_read_like_a_picture():
    points = latent.plane(15.0, 31).reshape(31, 31, 2)
    assert points[0, 0].tolist() == [-15, 15]
    assert points[-1, -1].tolist() == [15, -15]
    assert points[15, 15].tolist() == [0, 0]


@pytest.mark.parametrize("way", [latent.linear, latent.spherical])
def test_ways_begin_and_end_where_they_should(way):
    a, b = RANDOM.normal(size=(2, 7))
    codes = way(a, b, 9)
    np.testing.assert_allclose(codes[[0, -1]], [a, b], rtol=1e-5)


def test_a_great_circle_keeps_the_length_and_turns_evenly():
    a, b = np.eye(5)[:2] * 3
    codes = latent.spherical(a, b, 10)
    np.testing.assert_allclose(np.linalg.norm(codes, axis=1), 3, rtol=1e-5)
    steps = np.einsum("ij,ij->i", codes[1:], codes[:-1]) / 9
    np.testing.assert_allclose(steps, np.cos(np.pi / 2 / 9), rtol=1e-5)
    assert np.linalg.norm(latent.linear(a, b, 9)[4]) < 2.2  # a line goes inside


@pytest.mark.parametrize("b", [[2.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])
def test_a_great_circle_that_is_none_is_a_line(b):
    codes = latent.spherical(np.array([1.0, 0.0]), np.array(b), 5)
    assert np.all(np.isfinite(codes))
    np.testing.assert_allclose(codes[-1], b)


def test_a_traversal_moves_one_code_at_a_time():
    rows = latent.traverse(np.array([0.5, 0.25, -1.0]), 3.0, 7).reshape(3, 7, 3)
    for d in range(3):
        np.testing.assert_allclose(rows[d, :, d], np.linspace(-3, 3, 7))
        others = [j for j in range(3) if j != d]
        assert np.ptp(rows[d][:, others], axis=0).max() == 0


def test_an_attribute_is_the_difference_of_means():
    codes = np.concatenate([RANDOM.normal(0, 1e-3, (50, 3)), RANDOM.normal([1, 0, -2], 1e-3, (20, 3))])
    found = latent.attribute(codes, np.arange(70) >= 50)
    np.testing.assert_allclose(found, [1, 0, -2], atol=1e-3)


@pytest.mark.parametrize(("count", "rate"), [(99, 0.1), (500, 0.05), (19, 0.05)])
def test_false_alarms_keep_to_their_rate(count, rate):
    """Over draws of both: at most the rate, and not much below it."""
    alarms = []
    for _ in range(400):
        limit = anomaly.threshold(RANDOM.gumbel(size=count), rate)
        alarms.append(anomaly.alarms(RANDOM.gumbel(size=1_000), limit))
    error = np.std(alarms) / 20
    assert rate - 1 / (count + 1) - 3 * error < np.mean(alarms) < rate + 3 * error


def test_too_few_examples_set_no_threshold():
    assert anomaly.threshold(np.arange(10.0), 0.05) == float("inf")


@pytest.mark.parametrize("bits", [1, 3, 8, 16])
def test_codes_come_back_within_half_a_step(bits):
    codes = RANDOM.normal(size=(13, 5)).astype(np.float32)
    again = compression.unpack(compression.pack(codes, bits))
    step = np.ptp(codes, axis=0) / (2**bits - 1)
    assert np.all(np.abs(again - codes) <= step / 2 + 1e-5)


def test_whole_codes_come_back_as_they_were(tmp_path):
    codes = RANDOM.integers(0, 41, (11, 7))
    packed = compression.pack(codes, 8)
    assert packed.bits == 6
    compression.save(tmp_path / "c.npz", packed)
    again = compression.unpack(compression.load(tmp_path / "c.npz"))
    assert again.dtype == np.int64
    assert np.array_equal(again, codes)


def test_the_ratio_counts_every_byte_kept():
    packed = compression.pack(RANDOM.normal(size=(100, 4)), 8)
    assert compression.ratio((100, 28, 28, 1), packed) == pytest.approx(78400 / (400 + 32))


def test_a_code_that_never_changes_is_kept():
    codes = np.repeat([[1.5, -2.0]], 6, axis=0)
    np.testing.assert_allclose(compression.unpack(compression.pack(codes, 4)), codes)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """VAEs of two codes, with and without labels, and a VQ-VAE: little trained, exported."""
    home = tmp_path_factory.mktemp("codes")
    small = {
        "vae": {"latent": 2, "hidden": (16,)},
        "conditional_vae": {"latent": 3, "hidden": (16,)},
        "vq_vae": {"embeddings": 8, "width": 8},
    }
    for name, parameters in small.items():
        training = TrainConfig(epochs=1, jit="off")
        run.train(RunConfig(name, "digits", parameters=parameters, training=training), home / "runs" / name)
        export.export(home / "runs" / name, home / "models")
    return home / "models"


WALKS = {
    "vae --map": (21, 21),
    "vae --map --steps 5 --extent 3": (5, 5),
    "vae --interpolate --count 2": (4, 11),
    "vae --traverse": (2, 11),
    "vae --attribute 8-3 --count 4": (4, 11),
    "vae --attribute 8": (6, 11),
    "conditional_vae --interpolate": (12, 11),
    "conditional_vae --traverse --steps 4": (3, 4),
}


@pytest.mark.parametrize("line", WALKS)
def test_latent_draws(line, models, tmp_path):
    out = tmp_path / "latent.png"
    assert cli.main(["latent", *line.split(), "--data", "digits", "--models", str(models), "--out", str(out)]) == 0
    rows, columns = WALKS[line]
    with Image.open(out) as picture:
        assert picture.height * (columns * 9 + 1) == picture.width * (rows * 9 + 1)
        assert np.ptp(np.asarray(picture)) > 50


REFUSED = {
    "vae": "Give one of --map, --interpolate",
    "vae --map --traverse": "received 2 of them",
    "conditional_vae --map": "A map is of two codes; conditional_vae has 3",
    "vae --attribute round": "--attribute is a class, or two as in 8-3; received 'round'",
    "vae --attribute 12": "the data has the classes [0, 1",
    "vq_vae --interpolate": "whole numbers",
    "vae --map --out map.gif": "--out ends in .png",
    "vae --map --server a:1": "exclude each other",
}


@pytest.mark.parametrize("line", REFUSED)
def test_latent_says_what_is_wrong(line, models, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["latent", *line.split(), "--data", "digits", "--models", str(models)]) == 2
    assert REFUSED[line] in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_anomalies_are_what_scores_above_the_threshold(models, tmp_path, capsys):
    out = tmp_path / "a.csv"
    line = ["anomaly", "vae", "faces", "--data", "digits", "--rate", "0.1", "--models", str(models), "--out", str(out)]
    assert cli.main(line) == 0
    said = capsys.readouterr().out
    limit = float(said.partition("threshold ")[2].partition(",")[0])
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20  # the test split of faces
    assert [r["anomaly"] == "1" for r in rows] == [float(r["score"]) > limit for r in rows]
    assert cli.main([*line[:2], "--rate", "2", "--models", str(models)]) == 2


@pytest.mark.parametrize("name", ["vae", "vq_vae"])
def test_compression_states_its_ratio(name, models, tmp_path, capsys):
    out = tmp_path / "codes.npz"
    assert cli.main(["compress", name, "--data", "digits", "--models", str(models), "--out", str(out)]) == 0
    packed = compression.load(out)
    examples = packed.examples
    assert f"ratio {compression.ratio((examples, 8, 8, 1), packed):.1f} : 1" in capsys.readouterr().out
    assert compression.unpack(packed).shape[0] == examples


def test_a_folder_that_is_none(tmp_path, capsys):
    assert cli.main(["latent", "vae", "--map", "--models", str(tmp_path / "nowhere")]) == 2
    assert "There is no model 'vae' in the folder" in capsys.readouterr().err
