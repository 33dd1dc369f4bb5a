"""Pictures for people: grids of images, still or moving; and what a run's log holds."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

_MILLISECONDS = 120
"""That a frame of an animation stays."""


def grid(images: np.ndarray, *, columns: int | None = None, pixels: int = 640, gap: int = 1) -> Image.Image:
    """Images (N, H, W, 1 or 3) in [0, 1] in rows, enlarged by a whole factor to at most `pixels` wide."""
    n, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    sheet = np.ones((rows * (height + gap) + gap, columns * (width + gap) + gap, channels), np.float32)
    for i, image in enumerate(images):
        top, left = gap + i // columns * (height + gap), gap + i % columns * (width + gap)
        sheet[top : top + height, left : left + width] = image
    pixel = (np.clip(sheet, 0, 1) * 255).round().astype(np.uint8)
    picture = Image.fromarray(pixel[..., 0] if channels == 1 else pixel)
    factor = max(1, pixels // picture.width)
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)


def save(samples: np.ndarray, path: Path, *, columns: int | None = None) -> Path:
    """Images (N, H, W, C) in [0, 1] as one picture; videos (N, T, H, W, C) as an animation, in which they run side by
    side. Returns the path, with .gif for its suffix where they move."""
    if samples.ndim == 4:
        grid(samples, columns=columns).save(path)
        return path
    frames = [grid(frame, columns=columns) for frame in samples.swapaxes(0, 1)]
    path = path.with_suffix(".gif")
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=_MILLISECONDS, loop=0)
    return path


def read_log(path: Path) -> Mapping[str, Sequence[float]]:
    """The columns of a run's log.csv by name; NaN where an epoch had no such value."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: [float(row[key] or "nan") for row in rows] for key in (rows[0] if rows else {})}
