"""Explains a Python function, here one that detects a bright corner. Writes corner.html."""

import numpy as np

from explain import Function, explain, grid


def corner(images):
    """How much brighter the top left is than the rest: (n, H, W, C) -> (n,)."""
    return images[:, :8, :8].mean((1, 2, 3)) - images.mean((1, 2, 3))


image = np.random.default_rng(0).random((32, 32, 3))
found = explain(Function(corner, name="corner"), image, map=grid(image.shape, 4))
found.save("corner.html")
print(found.summary)
print(f"the strongest part is {found.ranking[0]}, the top left is 0")
