"""Two domains without pairs, whose pairs are kept for testing."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy.signal import convolve2d

from zoo.core.features import image
from zoo.data import DataError, load
from zoo.data.sources.domains import edges, inverse
from zoo.training import strategy


def batch(split, seed=0, size=16, **options):
    return next(iter(split.batches(size, seed=seed, **options)))


@pytest.mark.parametrize(("name", "change"), [("inverse", inverse), ("edges", edges)])
def test_under_a_known_map_no_pair_is_learnt_from(name, change):
    made = load(f"domains:digits+{name}")
    assert made.spec.targets == ("a", "b")
    assert made.spec.features["a"] == made.spec.features["b"] == image(8, 8, 1)
    x, other = (made.train.arrays()[key] for key in "ab")
    whole = load("digits").train.arrays()["image"]
    assert len(x) + len(other) == len(whole)
    assert np.array_equal(x, whole[::2])
    assert np.array_equal(other, change(whole[1::2]))


def test_the_test_split_is_all_pairs_in_one_order():
    made = load("domains:digits+inverse")
    for shuffle in (True, False):
        rows = batch(made.test, seed=3, shuffle=shuffle)
        assert np.array_equal(rows["b"], -rows["a"].numpy())
        assert len(np.unique(rows["label"])) > 5
    assert not np.array_equal(batch(made.train)["b"], -batch(made.train)["a"].numpy())


def test_each_domain_has_an_order_of_its_own():
    """Rows that met once meet others in the next epoch; the second domain may be the smaller one."""
    made = load("domains:digits+faces", size=8)
    one, two = made.train.arrays()["a"], made.train.arrays()["b"]
    assert len(one) == made.train.count > len(two)
    met = []
    for rows in made.train.batches(60, seed=0, steps=54):
        for x, other in zip(rows["a"].numpy(), rows["b"].numpy(), strict=True):
            met.append((np.abs(one - x).sum((1, 2, 3)).argmin(), np.abs(two - other).sum((1, 2, 3)).argmin()))
    assert len({b for _, b in met}) > 170
    assert len(set(met)) > 0.95 * len(met)


def test_the_second_set_takes_the_first_ones_form():
    made = load("domains:faces+mnist-5k", size=20, channels=3)
    assert made.spec.features["a"] == made.spec.features["b"] == image(20, 20, 3)
    assert made.spec.classes == 2
    assert batch(made.train)["b"].shape == (16, 20, 20, 3)
    assert not made.test.paired


def test_two_folders_of_ones_own(tmp_path):
    for kind, value in (("dark", 0), ("light", 255)):
        (tmp_path / kind).mkdir()
        for i in range(12):
            Image.fromarray(np.full((6, 5, 3), value, np.uint8)).save(tmp_path / kind / f"{i}.png")
    rows = batch(load(f"domains:{tmp_path}/dark+{tmp_path}/light").train, size=4)
    assert rows["a"].shape == rows["b"].shape == (4, 6, 5, 3)
    assert np.all(rows["a"] == -1)
    assert np.all(rows["b"] == 1)


def test_a_run_resumes_in_the_middle_and_workers_share():
    made = load("domains:digits+mnist-5k")
    whole = list(made.train.batches(16, seed=1, steps=120))
    late = batch(made.train, seed=1, first_step=110)
    parts = [batch(made.train, seed=1, first_step=110, share=(w, 2)) for w in (0, 1)]
    for got in (late, {key: tf.concat([part[key] for part in parts], 0) for key in late}):
        assert got.keys() == {"a", "b", "label"}
        assert all(np.array_equal(got[key], whole[110][key]) for key in got)


def test_replicas_get_both_domains(two_replicas):
    made = load("domains:digits+inverse")
    dealt = next(strategy.iterate(two_replicas, lambda w, n: made.test.batches(16, seed=0, share=(w, n))))
    halves = {key: two_replicas.experimental_local_results(t) for key, t in dealt.items()}
    assert {key: [len(part) for part in parts] for key, parts in halves.items()} == {key: [8, 8] for key in halves}
    assert all(np.array_equal(x, -other.numpy()) for x, other in zip(halves["a"], halves["b"], strict=True))


def test_edges_are_sobels_gradient():
    x = np.random.default_rng(0).uniform(-1, 1, (2, 9, 7, 1)).astype(np.float32)
    across = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    for picture, found in zip(x[..., 0], edges(x)[..., 0], strict=True):
        padded = np.pad(picture, 1, mode="reflect")
        slopes = [convolve2d(padded, kernel[::-1, ::-1], "valid") for kernel in (across, across.T)]
        assert found == pytest.approx(np.clip(np.hypot(*slopes) / 2 - 1, -1, 1), abs=1e-5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("domains:digits", r"domains:digits names no two domains\. Write domains:mnist-5k\+edges"),
        ("domains:+edges", r"names no two domains"),
        ("domains:digits+nowhere", r"There is no data set 'nowhere'"),
        ("domains:nowhere+edges", r"There is no data set 'nowhere'"),
        ("domains:moving-digits+inverse", r"moving-digits has video 8x32x32x1.*; domains are of images"),
    ],
)
def test_mistakes(name, message):
    with pytest.raises(DataError, match=message):
        load(name)
