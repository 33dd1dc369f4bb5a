"""Pictures for people: grids of images, still or moving, and curves of losses."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
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


def curves(log: Mapping[str, Sequence[float]], path: Path, *, title: str) -> None:
    """Every loss of a log over its epochs, as a PNG; one panel for each player."""
    terms = [key for key in log if "/" in key and not key.endswith("gradient_norm")]
    players = list(dict.fromkeys(key.partition("/")[0] for key in terms))
    figure = Figure(figsize=(4.2 * len(players), 2.8), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, player in zip(figure.subplots(1, len(players), squeeze=False)[0], players, strict=True):
        for key in (t for t in terms if t.partition("/")[0] == player):
            axes.plot(log["epoch"], log[key], label=key.partition("/")[2])
        axes.set_title(f"{title}: {player}", fontsize=10)
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss, mean of the epoch")
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
