"""Masks: which parts each perturbed input keeps. Arrays (n, K), True for a kept part; row 0 keeps all."""

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import hadamard

Masks = NDArray[np.bool_]


@lru_cache(maxsize=8)
def independent(samples: int, parts: int, seed: int) -> Masks:
    """Each part is kept with probability 1/2, independently, as in the package lime."""
    return _finished(np.random.default_rng(seed).integers(0, 2, (samples, parts), dtype=np.int8).astype(bool))


@lru_cache(maxsize=8)
def balanced(samples: int, parts: int, seed: int) -> Masks:
    """Scrambled Hadamard masks, each followed by its complement.

    Two-level designs of Plackett & Burman (Biometrika 33, 1946) with fold-over. Within a replicate of
    `replicate_rows(K)` rows each part is kept equally often and independently of every other part, and interactions of
    two parts do not bias the effect of a single part. Each replicate has new random columns, signs and order.
    """
    rng = np.random.default_rng(seed)
    order = replicate_rows(parts) // 2
    base = hadamard(order) > 0
    pieces, rows = [], 1
    while rows < samples:
        columns, signs = 1 + rng.permutation(order - 1)[:parts], rng.integers(0, 2, parts).astype(bool)
        half = base[rng.permutation(order)][:, columns] ^ signs
        pieces.append(np.stack([half, ~half], axis=1).reshape(-1, parts))
        rows += 2 * order
    return _finished(np.concatenate([np.ones((1, parts), bool), *pieces])[:samples])


def replicate_rows(parts: int) -> int:
    """Rows of one scrambled replicate of `balanced`: twice the least power of two above K."""
    return 2 * int(2 ** np.ceil(np.log2(parts + 1)))


def _finished(masks: Masks) -> Masks:
    masks[0] = True
    masks.flags.writeable = False  # the cache returns the same array again
    return masks


DESIGNS: Mapping[str, Callable[[int, int, int], Masks]] = {"lime": independent, "fast": balanced}
"""(samples, parts, seed) -> masks, by engine."""
