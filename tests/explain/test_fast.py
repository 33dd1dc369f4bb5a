"""The fast engine: balanced masks, stopping when replicates agree, what its errors promise."""

import math

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from explain import Function, Map, explain
from explain.fit import engines
from explain.fit.kernel import cosine_distances, exponential_kernel
from explain.fit.masks import DESIGNS, balanced, independent, replicate_rows
from explain.fit.options import SAMPLES
from explain.fit.sampling import FREEDOM, disagreement, least_replicates
from explain.fit.uncertainty import estimate


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 8, 49])
def test_a_replicate_is_orthogonal_with_each_row_followed_by_its_complement(parts):
    rows = replicate_rows(parts)
    masks = balanced(1 + 3 * rows, parts, 5)
    assert masks[0].all()
    for first in range(1, len(masks), rows):
        replicate = masks[first : first + rows]
        signs = 2.0 * replicate - 1
        np.testing.assert_array_equal(signs.T @ signs, rows * np.eye(parts))
        np.testing.assert_array_equal(replicate[1::2], ~replicate[::2])
    assert rows >= 2 * (parts + 1), "an intercept and K coefficients fit a replicate without its complements"


@pytest.mark.parametrize("design", DESIGNS.values())
def test_designs_are_their_seeds_and_cannot_be_written_to(design):
    masks = design(130, 9, 1)
    np.testing.assert_array_equal(masks, design.__wrapped__(130, 9, 1))
    assert (masks != design(130, 9, 2)).any()
    with pytest.raises(ValueError, match="read-only"):
        masks[0, 0] = False


def test_pairs_of_parts_that_act_on_one_another_do_not_disturb_single_ones():
    """With the weights all one, fold-over makes a pure interaction orthogonal to every part."""
    masks = balanced(1 + 16, 5, 0)[1:]
    signs = 2.0 * masks - 1
    fit = engines.fast(masks, signs[:, 1] * signs[:, 3], np.zeros(16), np.ones_like, 1e-12)
    np.testing.assert_allclose(fit.coefficients, 0, atol=1e-12)
    coins = independent(17, 5, 0)[1:]
    signs = 2.0 * coins - 1
    fit = engines.fast(coins, signs[:, 1] * signs[:, 3], np.zeros(16), np.ones_like, 1e-12)
    assert np.abs(fit.coefficients).max() > 0.1, "coins of the same number are disturbed"


def line(parts, noise):
    """A linear function of parts, and one of their pairs on top, as strong as asked."""
    rng = np.random.default_rng(parts)
    weights, pairs = rng.normal(size=parts), rng.normal(size=(parts, parts)) / math.sqrt(parts)
    return lambda z: z @ weights + noise * np.einsum("ni,ij,nj->n", 2.0 * z - 1, pairs, 2.0 * z - 1) / 2


def of_parts(f, parts, **options):
    return explain(Function(f), np.ones(parts, np.float32), map=Map(np.arange(parts)), **options)


def test_it_stops_when_replicates_agree_and_goes_on_when_they_do_not():
    clear, muddled = (of_parts(line(20, noise), 20) for noise in (0.02, 8.0))
    assert clear.samples == 1 + 2 * replicate_rows(20)
    assert muddled.samples == SAMPLES["fast"]
    assert of_parts(line(20, 8.0), 20, agreement=10.0).samples == clear.samples
    assert of_parts(line(20, 0.02), 20, agreement=0, samples=400).samples == 400


@pytest.mark.parametrize(("parts", "count"), [(1, 17), (5, 5), (8, 3), (15, 3), (16, 2), (49, 2)])
def test_few_parts_take_more_replicates_to_agree(parts, count):
    assert least_replicates(parts) == count
    assert (count - 1) * parts >= FREEDOM


def test_replicates_that_agree_do_not_disagree():
    same = np.tile([3.0, 0.0, -1.0], (4, 1))
    assert disagreement(same) == 0
    noise = np.random.default_rng(0).normal(size=(4, 3))
    expected = np.sqrt(noise.var(axis=0, ddof=1).mean() / 4) / np.abs((same + noise).mean(axis=0)).max()
    assert disagreement(same + noise) == pytest.approx(expected)
    assert disagreement(np.zeros((3, 2))) == 0


@pytest.mark.parametrize("parts", [3, 12, 31, 49, 63])
def test_four_calls_at_most(parts):
    for noise in (0.0, 8.0):
        found = of_parts(line(parts, noise), parts)
        assert found.calls <= 4
        assert found.evaluations == found.samples + 2


def test_more_parts_get_more_samples():
    found = of_parts(line(196, 8.0), 196)
    assert found.samples == 1 + 4 * replicate_rows(196)


def everything(parts):
    return ((np.arange(2**parts)[:, None] >> np.arange(parts)) & 1).astype(bool)


@pytest.mark.parametrize("engine", ["lime", "fast"])
def test_intervals_cover_what_all_masks_together_say(engine):
    """95 % intervals, over 60 seeds and 10 parts, of a function that bends."""
    weights = np.random.default_rng(0).normal(size=(10, 12))

    def f(z):
        return np.tanh(z.astype(float) @ weights / 1.2).sum(1)

    masks, kernel = everything(10), exponential_kernel(0.25)
    true = engines.fast(masks, f(masks), cosine_distances(masks), kernel, 1e-3 * len(masks)).coefficients
    found = [of_parts(f, 10, engine=engine, samples=257, seed=seed, agreement=0) for seed in range(60)]
    covered = np.mean([(e.intervals[:, 0] <= true) & (true <= e.intervals[:, 1]) for e in found])
    assert 0.91 < covered < 0.99
    error = np.sqrt(np.mean([(e.coefficients - true) ** 2 for e in found]))
    said = np.sqrt(np.mean([e.errors**2 for e in found]))
    assert said == pytest.approx(error, rel=0.2), "neither boastful nor shy"


def test_balanced_masks_err_less_than_coins_of_the_same_number():
    f = line(49, 0.5)
    found = {engine: [of_parts(f, 49, engine=engine, samples=257, seed=s, agreement=0) for s in range(8)]
             for engine in ("lime", "fast")}  # fmt: skip
    spread = {engine: np.stack([e.coefficients for e in runs]).std(axis=0).mean() for engine, runs in found.items()}
    assert spread["fast"] < 0.6 * spread["lime"]


@pytest.mark.parametrize("pairs", [False, True])
def test_left_out_predictions_are_those_of_fits_without_the_row(pairs):
    rng = np.random.default_rng(1)
    masks, values, weights = independent(40, 6, 3), rng.normal(size=40), rng.random(40)
    fit = engines.fast(masks, values, np.arange(40.0), lambda d: weights, 0.7)
    found = estimate(masks, values, weights, fit.predict(masks), 0.7, pairs).left_out
    for row in range(40):
        others = np.arange(40) != row
        model = Ridge(alpha=0.7).fit(masks[others].astype(float), values[others], sample_weight=weights[others])
        assert found[row] == pytest.approx(model.predict(masks[row : row + 1].astype(float))[0], abs=1e-9)


def test_held_out_r2_is_below_the_fits_own_and_not_fooled_by_chance():
    """50 parts of which none matters: the fit follows chance, and the rows that it has not seen tell."""

    def f(z):
        return np.sin(1e4 * (z @ np.random.default_rng(0).random(50)))

    found = of_parts(f, 50, samples=129, agreement=0)
    assert found.r2 > 0.2
    assert found.r2_held_out < 0.05
