"""Designs: which parts each perturbed input keeps. Masks (n, K), True where a part is kept, row 0 keeps all."""

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import hadamard

Masks = NDArray[np.bool_]


@lru_cache(maxsize=8)
def coins(samples: int, parts: int, seed: int) -> Masks:
    """Fair coins, as the package throws them."""
    return _finished(np.random.default_rng(seed).integers(0, 2, (samples, parts), dtype=np.int8).astype(bool))


@lru_cache(maxsize=8)
def balanced(samples: int, parts: int, seed: int) -> Masks:
    """Scrambled Hadamard masks, each followed by its complement.

    Two-level designs of Plackett & Burman (Biometrika 33, 1946) with fold-over: within a replicate of `replicate(K)`
    rows all parts are kept equally often and independently of one another, and no pair of parts that act on one
    another disturbs the effect of a single one. Each replicate is scrambled anew: other columns, signs and order.
    """
    rng = np.random.default_rng(seed)
    order = replicate(parts) // 2
    base = hadamard(order) > 0
    pieces, rows = [], 1
    while rows < samples:
        columns, signs = 1 + rng.permutation(order - 1)[:parts], rng.integers(0, 2, parts).astype(bool)
        half = base[rng.permutation(order)][:, columns] ^ signs
        pieces.append(np.stack([half, ~half], axis=1).reshape(-1, parts))
        rows += 2 * order
    return _finished(np.concatenate([np.ones((1, parts), bool), *pieces])[:samples])


def replicate(parts: int) -> int:
    """The rows of one scrambled replicate of `balanced`: twice the least power of two above K."""
    return 2 * int(2 ** np.ceil(np.log2(parts + 1)))


def _finished(masks: Masks) -> Masks:
    masks[0] = True
    masks.flags.writeable = False  # the cache hands out the same array again
    return masks


DESIGNS: Mapping[str, Callable[[int, int, int], Masks]] = {"lime": coins, "fast": balanced}
"""(samples, parts, seed) -> masks, by engine."""
