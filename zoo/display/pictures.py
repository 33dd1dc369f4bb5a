"""Grids of images, still or moving, for people; and the log of a run."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_MILLISECONDS = 120
"""For each frame of an animation."""
_MOST_ROWS = 16
"""Classes that have rows of their own, at most."""


def grid(
    images: np.ndarray, *, columns: int | None = None, pixels: int = 640, gap: int = 1, names: Sequence[str] = ()
) -> Image.Image:
    """Images in rows, enlarged by a whole factor to at most `pixels` wide.

    Args:
      images: (N, H, W, 1 or 3) in [0, 1].
      columns: images in a row; None makes the grid about square.
      gap: white pixels between images, before they are enlarged.
      names: of the rows, to the left of them; an empty one is left out.
    """
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
    picture = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    return _named(picture, names, (height + gap) * factor) if any(names) else picture


def _named(picture: Image.Image, names: Sequence[str], row: int) -> Image.Image:
    """A picture with a white margin to its left, where each row of pixels `row` high has its name."""
    font = ImageFont.load_default(min(14, max(8, row - 2)))
    margin = math.ceil(max(font.getlength(name) for name in names)) + 8
    sheet = Image.new(picture.mode, (margin + picture.width, picture.height), "white")
    sheet.paste(picture, (margin, 0))
    draw = ImageDraw.Draw(sheet)
    for i, name in enumerate(names):
        draw.text((margin - 4, i * row + row // 2), name, fill="black", font=font, anchor="rm")
    return sheet


def save(
    samples: np.ndarray,
    path: Path,
    *,
    columns: int | None = None,
    labels: np.ndarray | None = None,
    classes: Sequence[str] = (),
) -> Path:
    """Writes images as one picture, or videos as an animation, side by side.

    Args:
      samples: (N, H, W, C) or (N, T, H, W, C), in [0, 1].
      path: of the picture; an animation gets .gif for its suffix.
      labels: the classes of the first samples, int64 (M,), M at most N: each class has rows of its own, with its name.
        Of more than 16 classes the order stays as it is.
      classes: their names.

    Returns:
      The path.
    """
    names: Sequence[str] = ()
    if labels is not None and len(labels) and len(np.unique(labels)) <= _MOST_ROWS:
        columns = columns or math.ceil(math.sqrt(len(samples)))
        samples, names = _by_class(samples, labels, classes, columns)
    if samples.ndim == 4:
        grid(samples, columns=columns, names=names).save(path)
        return path
    frames = [grid(frame, columns=columns, names=names) for frame in samples.swapaxes(0, 1)]
    path = path.with_suffix(".gif")
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=_MILLISECONDS, loop=0)
    return path


def _by_class(
    samples: np.ndarray, labels: np.ndarray, classes: Sequence[str], columns: int
) -> tuple[np.ndarray, Sequence[str]]:
    """Samples in rows of one class each, filled up with white, then those without a label; the names of the rows."""
    parts, names = [], []
    for label in np.unique(labels):
        own = samples[: len(labels)][labels == label]
        rows = math.ceil(len(own) / columns)
        parts += [own, np.ones((rows * columns - len(own), *samples.shape[1:]), samples.dtype)]
        names += [classes[label] if label < len(classes) else str(label), *[""] * (rows - 1)]
    return np.concatenate([*parts, samples[len(labels) :]]), names


def read_log(path: Path) -> Mapping[str, Sequence[float]]:
    """The columns of a run's log.csv by name; NaN where an epoch had no such value."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: [float(row[key] or "nan") for row in rows] for key in (rows[0] if rows else {})}
