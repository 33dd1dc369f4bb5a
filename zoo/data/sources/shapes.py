"""Shapes drawn from known factors, for measures of disentanglement: as dSprites (Matthey et al., 2017), smaller."""

import math
from functools import cache

import numpy as np

from zoo.data.dataset import Examples
from zoo.data.splits import held_out

FACTORS = {"shape": 3, "scale": 4, "rotation": 8, "x": 8, "y": 8}
"""How many values each factor has; every combination is there once."""
SHAPES = ("square", "ellipse", "triangle")
"""In the order of the factor `shape`, which is the label."""
SIDE = 32
_FINE = 3
"""Points along each side of a pixel that tell how much of it is covered."""
_PLACES = (np.arange(SIDE * _FINE) + 0.5) / _FINE
_SLANT = math.sqrt(3) / 2


def shapes() -> Examples:
    """6,144 of 32x32, white on black, in an order that is random and always the same."""
    factors = _all()
    return Examples(draw(factors), factors[:, 0])


def factors() -> tuple[np.ndarray, np.ndarray]:
    """Of the examples to train on and of those for testing, in the order in which the set holds them.

    Whole numbers (N, 5), columns as in FACTORS.
    """
    every = _all()
    test = held_out(every[:, 0], len(every))
    return every[~test], every[test]


@cache
def _all() -> np.ndarray:
    """Shuffled: every tenth example for testing would otherwise always have the same few positions."""
    grid = np.stack(np.unravel_index(np.arange(math.prod(FACTORS.values())), tuple(FACTORS.values())), axis=1)
    shuffled = np.random.default_rng(0).permutation(grid)
    shuffled.setflags(write=False)
    return shuffled


def draw(factors: np.ndarray) -> np.ndarray:
    """Factors, whole numbers (N, 5), as uint8 (N, 32, 32, 1).

    The scale goes from 3 to 6 pixels from the middle to an edge, the rotation from 0° to 79° (a square looks the same
    at 90°), the middle from pixel 9 to 23 across and down.
    """
    kind, scale, rotation, x, y = np.asarray(factors, np.float64).T
    centre = np.stack([9 + 2 * x, 9 + 2 * y])
    angle = rotation * (math.pi / 2 / FACTORS["rotation"])
    return np.stack([_one(int(k), 3 + s, a, c) for k, s, a, c in zip(kind, scale, angle, centre.T, strict=True)])[
        ..., None
    ]


def _one(kind: int, radius: float, angle: float, centre: np.ndarray) -> np.ndarray:
    """uint8 (32, 32): by how much each pixel lies within the shape."""
    right, low = (_PLACES - centre[0]) / radius, (_PLACES[:, None] - centre[1]) / radius
    u = math.cos(angle) * right + math.sin(angle) * low
    v = math.cos(angle) * low - math.sin(angle) * right
    inside = (
        np.maximum(np.abs(u), np.abs(v)) <= 1.0,
        u**2 + (2 * v) ** 2 <= 1.0,
        np.maximum(v, _SLANT * np.abs(u) - v / 2) <= 0.75,
    )[kind]
    covered: np.ndarray = np.rint(255 * inside.reshape(SIDE, _FINE, SIDE, _FINE).mean(axis=(1, 3))).astype(np.uint8)
    return covered
