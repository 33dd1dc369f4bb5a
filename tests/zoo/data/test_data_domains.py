"""Two domains without pairs, whose pairs are kept for testing."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy.signal import convolve2d

from zoo.data import DataError, load
from zoo.data.sources.domains import edges, inverse
from zoo.training import strategy


def batch(split, seed=0, size=16, **options):
    return next(iter(split.batches(size, seed=seed, **options)))


@pytest.mark.parametrize(("name", "change"), [("inverse", inverse), ("edges", edges)])
def test_under_a_known_map_no_pair_is_learnt_from(name, change):
    made = load(f"domains:digits+{name}")
    assert made.spec.shape == made.spec.other == (8, 8, 1)
    (x, _), (other, _) = made.train.first.arrays(), made.train.second.arrays()
    whole = load("digits").train.arrays()[0]
    assert len(x) + len(other) == len(whole)
    assert np.array_equal(x, whole[::2])
    assert np.array_equal(other, change(whole[1::2]))


def test_the_test_split_is_all_pairs_in_one_order():
    made = load("domains:digits+inverse")
    for shuffle in (True, False):
        rows = batch(made.test, seed=3, shuffle=shuffle)
        assert np.array_equal(rows.other, -rows.x.numpy())
        assert len(np.unique(rows.label)) > 5
    assert not np.array_equal(batch(made.train).other, -batch(made.train).x.numpy())


def test_each_domain_has_an_order_of_its_own():
    """Rows that met once meet others in the next epoch; the second domain may be the smaller one."""
    made = load("domains:digits+faces", size=8)
    one, two = made.train.first.arrays()[0], made.train.second.arrays()[0]
    assert len(one) == made.train.count > len(two)
    met = []
    for rows in made.train.batches(60, seed=0, steps=54):
        for x, other in zip(rows.x.numpy(), rows.other.numpy(), strict=True):
            met.append((np.abs(one - x).sum((1, 2, 3)).argmin(), np.abs(two - other).sum((1, 2, 3)).argmin()))
    assert len({b for _, b in met}) > 170
    assert len(set(met)) > 0.95 * len(met)


def test_the_second_set_takes_the_first_ones_form():
    made = load("domains:faces+mnist-5k", size=20, channels=3)
    assert made.spec.shape == made.spec.other == (20, 20, 3)
    assert made.spec.classes == 2
    assert batch(made.train).other.shape == (16, 20, 20, 3)
    assert not made.test.paired


def test_two_folders_of_ones_own(tmp_path):
    for kind, value in (("dark", 0), ("light", 255)):
        (tmp_path / kind).mkdir()
        for i in range(12):
            Image.fromarray(np.full((6, 5, 3), value, np.uint8)).save(tmp_path / kind / f"{i}.png")
    rows = batch(load(f"domains:{tmp_path}/dark+{tmp_path}/light").train, size=4)
    assert rows.x.shape == rows.other.shape == (4, 6, 5, 3)
    assert np.all(rows.x == -1)
    assert np.all(rows.other == 1)


def test_a_run_resumes_in_the_middle_and_workers_share():
    made = load("domains:digits+mnist-5k")
    whole = list(made.train.batches(16, seed=1, steps=120))
    late = batch(made.train, seed=1, first_step=110)
    parts = [batch(made.train, seed=1, first_step=110, share=(w, 2)) for w in (0, 1)]
    for got in (late, [tf.concat(t, 0) for t in zip(*parts, strict=True)]):
        assert all(np.array_equal(a, b) for a, b in zip(got, whole[110], strict=True))


def test_replicas_get_both_domains(two_replicas):
    made = load("domains:digits+inverse")
    dealt = next(strategy.iterate(two_replicas, lambda w, n: made.test.batches(16, seed=0, share=(w, n))))
    halves = [two_replicas.experimental_local_results(t) for t in dealt]
    assert [[len(part) for part in parts] for parts in halves] == [[8, 8]] * 3
    assert all(np.array_equal(x, -other.numpy()) for x, other in zip(halves[0], halves[2], strict=True))


def test_edges_are_sobels_gradient():
    x = np.random.default_rng(0).uniform(-1, 1, (2, 9, 7, 1)).astype(np.float32)
    across = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    for image, found in zip(x[..., 0], edges(x)[..., 0], strict=True):
        padded = np.pad(image, 1, mode="reflect")
        slopes = [convolve2d(padded, kernel[::-1, ::-1], "valid") for kernel in (across, across.T)]
        assert found == pytest.approx(np.clip(np.hypot(*slopes) / 2 - 1, -1, 1), abs=1e-5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("domains:digits", r"domains:digits names no two domains\. Write domains:mnist-5k\+edges"),
        ("domains:+edges", r"names no two domains"),
        ("domains:digits+nowhere", r"There is no data set 'nowhere'"),
        ("domains:nowhere+edges", r"There is no data set 'nowhere'"),
        ("domains:moving-digits+inverse", r"examples of shape \(8, 32, 32, 1\); domains are of images"),
    ],
)
def test_mistakes(name, message):
    with pytest.raises(DataError, match=message):
        load(name)
