"""How many masks are evaluated: sampling stops when replicates agree."""

import math

import numpy as np
import pytest

from explain import Function, Map, explain
from explain.fit.masks import replicate_rows
from explain.fit.options import SAMPLES
from explain.fit.sampling import FREEDOM, disagreement, least_replicates


def line(parts, noise):
    """A linear function of parts, plus pairwise interactions of strength `noise`."""
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
