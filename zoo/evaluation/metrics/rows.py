"""The inputs of every metric: rows of numbers."""

import numpy as np

from zoo.core.errors import Failure, UserError


def rows(x: np.ndarray, what: str, *, least: int = 2) -> np.ndarray:
    """Examples (N, ...) as float64 (N, D).

    Errors: UserError for fewer than `least`; Failure where a value is NaN or infinite, as a diverged model's are.
    """
    if len(x) < least:
        raise UserError(f"{len(x)} {what} are too few: at least {least} are needed. Take more.")
    flat = np.asarray(x, np.float64).reshape(len(x), -1)
    bad = ~np.isfinite(flat).all(axis=1)
    if bad.any():
        raise Failure(
            f"{int(bad.sum())} of {len(x)} {what} hold NaN or infinity, the first in row {int(bad.argmax())}: the "
            "model diverged. Take an earlier checkpoint, or train again with a lower --learning-rate."
        )
    return flat


def pair(a: np.ndarray, b: np.ndarray, what: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of examples as `rows`. Errors: those, and UserError where their widths differ."""
    left, right = rows(a, what[0]), rows(b, what[1])
    if left.shape[1] != right.shape[1]:
        raise UserError(
            f"The {what[0]} have {left.shape[1]} numbers each, the {what[1]} {right.shape[1]}. Take both from the "
            "same evaluator, or resize the data with --size."
        )
    return left, right
