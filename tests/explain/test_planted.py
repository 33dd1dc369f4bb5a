"""The pointing game: a planted artefact, which a detector of known kind reacts to, has to come first.

The detector saturates and reacts to the rest of the image a little, so it is not linear in the parts. The shares are
those that each engine has to reach over forty images; chance alone would reach 2 %.
"""

import numpy as np
import pytest

from explain import Function, explain, grid

SIDE, CELL = 28, 4
PARTS = grid((SIDE, SIDE))
RUNS = 40


def checkers(strength):
    return strength * (np.indices((CELL, CELL)).sum(0) % 2 - 0.5)


class Case:
    """An image with artefacts at some places, and a detector that knows their places and pattern."""

    def __init__(self, seed, count, strength, off_grid):
        rng = np.random.default_rng(seed)
        # A multiple of a cell, or half a cell beyond: such a patch covers a quarter of each of four cells.
        cells = rng.permutation(36 if off_grid else 49)[:count]
        rows, columns = np.divmod(cells, 6 if off_grid else 7)
        self.corners = np.stack([rows, columns], axis=1) * CELL + (CELL // 2 if off_grid else 0)
        self.x = rng.uniform(0.3, 0.7, (SIDE, SIDE, 1)).astype(np.float32)
        self.clutter = rng.normal(size=(SIDE, SIDE, 1)) / SIDE
        for top, left in self.corners:
            self.x[top : top + CELL, left : left + CELL, 0] = 0.5 + checkers(strength)
        self.strength = strength

    def __call__(self, images):
        found = 0.0
        for top, left in self.corners:
            patch = images[:, top : top + CELL, left : left + CELL, 0].astype(np.float64)
            match = (patch * checkers(1.0)).sum((1, 2)) / (self.strength * CELL * CELL / 4)
            found = found + 4 * np.tanh(1.5 * match)
        return found + 0.5 * np.sin(3 * (images * self.clutter).sum((1, 2, 3)))

    def touched(self):
        """The parts that hold a share of an artefact, for each artefact."""
        return [set(np.unique(PARTS.labels[t : t + CELL, c : c + CELL]).tolist()) for t, c in self.corners]


def share_first(engine, baseline, *, count=1, strength=0.5, off_grid=False):
    hits = 0
    for seed in range(RUNS):
        case = Case(seed, count, strength, off_grid)
        found = explain(Function(case), case.x, map=PARTS, engine=engine, baseline=baseline, seed=seed)
        first = found.ranking[: count if not off_grid else 1]
        if off_grid:
            hits += first[0] in case.touched()[0]
        else:
            hits += set(first) == set.union(*case.touched())
    return hits / RUNS


@pytest.mark.parametrize("engine", ["fast", "lime"])
@pytest.mark.parametrize("baseline", [0.0, "mean", "blur"])
@pytest.mark.parametrize(
    ("case", "share"),
    [
        ({}, 1.0),
        ({"count": 2}, 1.0),
        ({"strength": 0.1}, 0.95),
        ({"off_grid": True}, 0.95),
    ],
    ids=["one", "two", "low contrast", "off the grid"],
)
def test_planted_artefacts_come_first(engine, baseline, case, share):
    assert share_first(engine, baseline, **case) >= share
