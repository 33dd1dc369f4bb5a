"""Standard errors, intervals and held-out predictions."""

import math

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from explain import Function, Map, explain
from explain.fit import engines
from explain.fit.fidelity import weighted_r2
from explain.fit.kernel import cosine_distances, exponential_kernel
from explain.fit.masks import independent
from explain.fit.uncertainty import estimate


def line(parts, noise):
    """A linear function of parts, plus pairwise interactions of strength `noise`."""
    rng = np.random.default_rng(parts)
    weights, pairs = rng.normal(size=parts), rng.normal(size=(parts, parts)) / math.sqrt(parts)
    return lambda z: z @ weights + noise * np.einsum("ni,ij,nj->n", 2.0 * z - 1, pairs, 2.0 * z - 1) / 2


def of_parts(f, parts, **options):
    return explain(Function(f), np.ones(parts, np.float32), map=Map(np.arange(parts)), **options)


def everything(parts):
    return ((np.arange(2**parts)[:, None] >> np.arange(parts)) & 1).astype(bool)


@pytest.mark.parametrize("engine", ["lime", "fast"])
def test_intervals_cover_the_coefficients_of_all_masks(engine):
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


def test_balanced_masks_have_smaller_errors_than_as_many_independent_ones():
    f = line(49, 0.5)
    found = {engine: [of_parts(f, 49, engine=engine, samples=257, seed=s, agreement=0) for s in range(8)]
             for engine in ("lime", "fast")}  # fmt: skip
    spread = {engine: np.stack([e.coefficients for e in runs]).std(axis=0).mean() for engine, runs in found.items()}
    assert spread["fast"] < 0.6 * spread["lime"]


@pytest.mark.parametrize("pairs", [False, True])
def test_left_out_predictions_are_those_of_fits_without_the_row_or_its_pair(pairs):
    rng = np.random.default_rng(1)
    masks, values, weights = independent(40, 6, 3), rng.normal(size=40), rng.random(40)
    fit = engines.fast(masks, values, np.arange(40.0), lambda d: weights, 0.7)
    found = estimate(masks, values, weights, fit.predict(masks), 0.7, pairs).left_out
    for row in range(40):
        others = np.arange(40) != row
        if pairs and 0 < row < 39:  # row 0 keeps all parts; the last has no complement
            others[row + 1 if row % 2 else row - 1] = False
        model = Ridge(alpha=0.7).fit(masks[others].astype(float), values[others], sample_weight=weights[others])
        assert found[row] == pytest.approx(model.predict(masks[row : row + 1].astype(float))[0], abs=1e-9)


def test_held_out_r2_is_below_that_of_the_fit_and_near_0_for_noise():
    """50 parts of which none matters: the fit follows chance, and the rows that it has not seen tell."""

    def f(z):
        return np.sin(1e4 * (z @ np.random.default_rng(0).random(50)))

    found = of_parts(f, 50, samples=129, agreement=0)
    assert found.r2 > 0.2
    assert found.r2_held_out < 0.05


@pytest.mark.parametrize("parts", [31, 49])
def test_the_held_out_r2_of_balanced_masks_is_that_of_new_masks(parts):
    """With interactions of pairs, which a mask and its complement share: leaving out one of the two is not enough."""
    f, held_out, new = line(parts, 1.0), [], []
    for seed in range(8):
        found = of_parts(f, parts, seed=seed)
        masks = independent(2000, parts, 100 + seed)
        weights = exponential_kernel(0.25)(cosine_distances(masks))
        held_out.append(found.r2_held_out)
        new.append(weighted_r2(f(masks), masks @ found.coefficients + found.intercept, weights))
    assert np.mean(held_out) == pytest.approx(np.mean(new), abs=0.04)
    assert np.abs(np.subtract(held_out, new)).max() < 0.12
