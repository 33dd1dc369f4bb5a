"""Walks through a space of codes, for pictures of what a decoder generates: pure functions of arrays.

White, Sampling generative networks, arXiv 1609.04468.
"""

import numpy as np


def plane(extent: float, steps: int) -> np.ndarray:
    """The points of [-extent, extent]² row by row, from the top left: float32 (steps², 2)."""
    along = np.linspace(-extent, extent, steps, dtype=np.float32)
    x, y = np.meshgrid(along, along[::-1])
    return np.stack([x.ravel(), y.ravel()], axis=1)


def linear(a: np.ndarray, b: np.ndarray, steps: int) -> np.ndarray:
    """From code a (D,) to b along a line: float32 (steps, D), both ends included."""
    way = np.linspace(0.0, 1.0, steps)[:, None]
    return np.asarray((1.0 - way) * a + way * b, np.float32)


def spherical(a: np.ndarray, b: np.ndarray, steps: int) -> np.ndarray:
    """From code a (D,) to b along a great circle: float32 (steps, D), both ends included.

    Lengths change linearly from ‖a‖ to ‖b‖, so that codes stay where a normal prior has them; on a straight line they
    are shorter in between (arXiv 1609.04468, section 2). Codes that no single great circle joins are joined by a line.
    """
    lengths = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    angle = np.arccos(np.clip(a @ b / max(lengths[0] * lengths[1], 1e-12), -1.0, 1.0))
    if min(lengths) < 1e-6 or np.sin(angle) < 1e-4:
        return linear(a, b, steps)
    way = np.linspace(0.0, 1.0, steps)[:, None]
    along = (np.sin((1.0 - way) * angle) * a / lengths[0] + np.sin(way * angle) * b / lengths[1]) / np.sin(angle)
    return np.asarray(along * ((1.0 - way) * lengths[0] + way * lengths[1]), np.float32)


def traverse(code: np.ndarray, extent: float, steps: int) -> np.ndarray:
    """One code at a time from -extent to extent, the others as in `code` (D,): float32 (D * steps, D)."""
    rows = np.repeat(code[None].astype(np.float32), len(code) * steps, axis=0)
    rows[np.arange(len(rows)), np.repeat(np.arange(len(code)), steps)] = np.tile(
        np.linspace(-extent, extent, steps), len(code)
    )
    return rows


def attribute(codes: np.ndarray, has: np.ndarray) -> np.ndarray:
    """The mean of the codes (N, D) that have an attribute, `has` bool (N,), minus the mean of the others: (D,).

    Larsen et al., arXiv 1512.09300, section 4.2.
    """
    return np.asarray(codes[has].mean(axis=0) - codes[~has].mean(axis=0))
