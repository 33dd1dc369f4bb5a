"""Data that is made: moving digits and crops of photographs; and videos of the user's own."""

import numpy as np
import pytest
from scipy import ndimage

from zoo.data import DataError, load
from zoo.data.images import conform
from zoo.data.sources.moving import DIGIT, SIDE, bounced
from zoo.data.sources.photos import TEST, TRAIN, _photo


def test_a_bouncing_point_stays_between_the_walls_and_keeps_its_speed():
    way = np.linspace(-7, 40, 4701)
    place = bounced(way, 3.0)
    assert place.min() == pytest.approx(0, abs=1e-9)
    assert place.max() == pytest.approx(3, abs=1e-9)
    inside = (way >= 0) & (way <= 3)
    assert place[inside] == pytest.approx(way[inside])
    assert np.median(np.abs(np.diff(place))) == pytest.approx(0.01)
    assert bounced(way + 6.0, 3.0) == pytest.approx(place)


def test_moving_digits_are_mnists_on_their_way():
    made = load("moving-digits")
    assert made.spec.shape == (8, 32, 32, 1)
    assert (made.spec.classes, made.train.count, made.test.count) == (10, 4500, 500)
    arrays, plain = made.test.arrays(), load("mnist-5k").test.arrays()
    assert np.array_equal(arrays["label"], plain["label"])
    small = conform(plain["image"], (DIGIT, DIGIT, 1))
    for video, digit in zip((arrays["video"][:20] + 1) / 2, (small[:20] + 1) / 2, strict=True):
        mass = video.sum(axis=(1, 2, 3))
        assert mass == pytest.approx(np.full(8, mass[0]), rel=1e-5)
        assert mass[0] == pytest.approx(digit.sum(), rel=0.02)


def test_moving_digits_move_evenly_and_bounce():
    videos = (load("moving-digits").train.arrays(200)["video"][..., 0] + 1) / 2
    centre = np.array([[ndimage.center_of_mass(frame) for frame in video] for video in videos])
    step = np.diff(centre, axis=1)
    speed = np.linalg.norm(step, axis=-1)
    assert np.median(speed) == pytest.approx(3, abs=0.3)
    assert speed.max() < 4 + np.sqrt(2)
    turned = np.abs(np.diff(step, axis=1)).max(axis=-1) > 1.5
    assert 0.1 < turned.mean() < 0.6
    assert len(np.unique(np.round(np.arctan2(step[:, 0, 0], step[:, 0, 1]), 1))) > 30
    assert np.abs(centre - SIDE / 2).max() < SIDE / 2


def test_photographs_of_the_test_split_are_not_learnt_from():
    made = load("photos")
    assert made.spec.shape == (64, 64, 3)
    assert (made.train.count, made.test.count) == (600 * len(TRAIN), 64 * len(TEST))
    assert not set(TRAIN) & set(TEST)
    for split, name in ((made.train, TRAIN[0]), (made.test, TEST[0])):
        crop, photo = split.stored["image"][0], _photo(name)
        places = np.argwhere((photo[:-63, :-63] == crop[0, 0]).all(-1))
        assert any(np.array_equal(photo[y : y + 64, x : x + 64], crop) for y, x in places)
    assert np.array_equal(made.train.stored["image"][::100], load("photos").train.stored["image"][::100])
    assert len(np.unique(made.train.stored["image"][:, 30, 30].reshape(made.train.count, -1), axis=0)) > 1000


def test_videos_of_ones_own(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (20, 3, 6, 5, 3)).astype(np.uint8)
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(20) % 2)
    made = load(str(tmp_path / "a.npz"))
    assert made.spec.shape == (3, 6, 5, 3)
    assert np.array_equal(made.train.stored["video"][0], x[0])
    assert next(iter(made.train.batches(4, seed=0)))["video"].shape == (4, 3, 6, 5, 3)
    small = load(str(tmp_path / "a.npz"), size=4, channels=1)
    assert small.spec.shape == (3, 4, 4, 1)
    assert np.array_equal(small.train.stored["video"][0, 2], conform(x[0, 2], (4, 4, 1)))
    np.savez(tmp_path / "b.npz", x=x[..., :2])
    with pytest.raises(DataError, match=r"shape \(20, 3, 6, 5, 2\); images are .*, videos \(N, T, H, W, 1, 3 or 4\)"):
        load(str(tmp_path / "b.npz"))
