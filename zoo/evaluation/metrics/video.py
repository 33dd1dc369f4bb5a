"""Distances between videos: of the frames, and of the changes between them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from zoo.core.errors import UserError
from zoo.evaluation.metrics.bootstrap import Estimate
from zoo.evaluation.metrics.frechet import frechet_unbiased


class VideoDistances(NamedTuple):
    """Fréchet distances without bias: `frames` does not depend on the order of frames, `motion` does."""

    frames: Estimate
    motion: Estimate


def video_distances(
    real: np.ndarray, fake: np.ndarray, features: Callable[[np.ndarray], np.ndarray], *, seed: int
) -> VideoDistances:
    """Of videos (N, T, H, W, C) and (M, T, H, W, C) in [-1, 1]; whole videos are resampled.

    Args:
      features: (..., H, W, C) -> (..., D), as an evaluator's. It is given frames, and then the changes between them.

    Errors: UserError for other shapes, and as `zoo.evaluation.metrics.rows.pair`.
    """
    frames, motions = (
        frechet_unbiased(features(part(real)), features(part(fake)), seed=seed) for part in (np.asarray, motion)
    )
    return VideoDistances(frames, motions)


def motion(videos: np.ndarray) -> np.ndarray:
    """Videos (N, T, H, W, C) in [-1, 1] -> pictures of their changes, (N, T - 1, H, W, C), black where nothing changes.

    They are |x_{t+1} - x_t| - 1, clipped to [-1, 1]. A video played backwards has the same ones.
    """
    if videos.ndim != 5 or videos.shape[1] < 2:
        raise UserError(f"Videos are (N, T, H, W, C) with at least two frames; received {videos.shape}.")
    return np.asarray(np.clip(np.abs(np.diff(videos, axis=1)) - 1, -1, 1))
