"""MIG and DCI on codes whose entanglement is known, and the shapes that they are measured on."""

import math

import numpy as np
import pytest

from zoo import data
from zoo.core.errors import UserError
from zoo.data.sources import shapes
from zoo.evaluation.metrics.disentanglement import dci, mutual_information_gap

RANDOM = np.random.default_rng(0)
FACTORS = np.stack([RANDOM.integers(0, 4, 3000), RANDOM.integers(0, 5, 3000), RANDOM.integers(0, 3, 3000)], axis=1)
TURN = np.linalg.qr(RANDOM.normal(size=(3, 3)))[0]
CENTRED = (FACTORS - FACTORS.mean(axis=0)) / FACTORS.std(axis=0)


def codes(kind):
    clean = CENTRED + 0.01 * RANDOM.normal(size=CENTRED.shape)
    noise = RANDOM.normal(size=CENTRED.shape)
    return {"own": clean, "own and idle": np.hstack([clean, noise]), "turned": clean @ TURN, "noise": noise}[kind]


def test_mig_of_a_code_for_each_factor_is_one_and_of_noise_nought():
    assert mutual_information_gap(codes("own"), FACTORS, seed=0).value == pytest.approx(1, abs=0.02)
    assert mutual_information_gap(codes("own and idle"), FACTORS, seed=0).value == pytest.approx(1, abs=0.04)
    assert mutual_information_gap(codes("noise"), FACTORS, seed=0).value == pytest.approx(0, abs=0.01)


def test_mig_of_two_equal_codes_is_nought():
    """Both tell all of the factor: there is no gap between them."""
    twice = np.hstack([codes("own")] * 2)
    assert mutual_information_gap(twice, FACTORS, seed=0).value == pytest.approx(0, abs=1e-12)


def test_mig_is_the_gap_in_shares_of_the_entropy():
    """A code that tells the half of four even values, beside noise: log 2 of log 4."""
    factor = np.repeat(np.arange(4), 500)[:, None]
    half = np.stack([factor[:, 0] // 2, np.tile(np.arange(20), 100)], axis=1)
    assert mutual_information_gap(half, factor, seed=0).value == pytest.approx(math.log(2) / math.log(4))


def test_dci_of_a_code_for_each_factor_is_one():
    assert dci(codes("own"), FACTORS, seed=0) == pytest.approx((1, 1, 1), abs=0.01)


def test_dci_of_a_code_for_two_factors_is_incomplete_in_neither_but_entangled():
    """One code that tells two factors: each factor has one code, but the code has two factors."""
    both = np.stack([FACTORS[:, 0] * 5 + FACTORS[:, 1], FACTORS[:, 2]], axis=1).astype(float)
    found = dci(both, FACTORS, seed=0)
    assert found.completeness > 0.98
    assert found.disentanglement == pytest.approx(1 - 2 / 3 * math.log(2) / math.log(3), abs=0.02)
    assert found.informativeness > 0.98


def test_turning_the_codes_entangles_them():
    assert mutual_information_gap(codes("turned"), FACTORS, seed=0).high < 0.5
    turned = dci(codes("turned"), FACTORS, seed=0)
    assert turned.disentanglement < 0.6
    assert turned.informativeness > 0.9, "what they tell together stays"


def test_noise_informs_of_nothing():
    found = dci(codes("noise"), FACTORS, seed=0)
    assert found.informativeness == pytest.approx(np.mean([1 / 4, 1 / 5, 1 / 3]), abs=0.05)
    assert found.disentanglement < 0.1


def test_factors_and_codes_that_do_not_fit_are_refused():
    with pytest.raises(UserError, match="this model has one"):
        mutual_information_gap(codes("own")[:, :1], FACTORS, seed=0)
    with pytest.raises(UserError, match="Factors are whole numbers"):
        dci(codes("own"), FACTORS[:10], seed=0)


# The shapes.


def test_every_combination_of_factors_is_there_once():
    every = np.concatenate(shapes.factors())
    counts = list(shapes.FACTORS.values())
    assert len(np.unique(every, axis=0)) == len(every) == math.prod(counts)
    assert every.max(axis=0).tolist() == [n - 1 for n in counts]
    pictures = shapes.draw(every)
    assert (pictures.shape, pictures.dtype) == ((6144, 32, 32, 1), np.uint8)
    assert len(np.unique(pictures.reshape(len(pictures), -1), axis=0)) == 6144


def test_factors_stand_beside_their_examples():
    made = data.load("shapes")
    for split, factors in zip((made.train, made.test), shapes.factors(), strict=True):
        arrays = split.arrays()
        x = arrays["image"]
        assert np.array_equal(arrays["label"], factors[:, 0])
        assert np.array_equal(x[:50], shapes.draw(factors[:50]) / np.float32(127.5) - 1)
        assert all(len(np.unique(column)) == n for column, n in zip(factors.T, shapes.FACTORS.values(), strict=True))


def test_pictures_show_their_factors():
    """Area by scale, the middle of the square by place; turned by a right angle a square would be the same."""
    factors = shapes.factors()[0]
    x = shapes.draw(factors)[..., 0] / 255.0
    square = factors[:, 0] == 0
    side = 2 * (3 + factors[:, 1])
    np.testing.assert_allclose(x[square].sum(axis=(1, 2)), side[square] ** 2, rtol=0.06)
    places = np.arange(32) + 0.5
    across = (x.sum(axis=1) @ places / x.sum(axis=(1, 2)))[square]
    down = (x.sum(axis=2) @ places / x.sum(axis=(1, 2)))[square]
    np.testing.assert_allclose(across, 9 + 2 * factors[square, 3], atol=0.15)
    np.testing.assert_allclose(down, 9 + 2 * factors[square, 4], atol=0.15)
