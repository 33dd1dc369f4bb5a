"""Pictures for people: grids of images, still or moving, and curves of losses."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

_MILLISECONDS = 120
"""That a frame of an animation stays."""
_SHARES = ("accuracy", "diversity")
"""Endings of what a log holds besides losses."""


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
    """Every loss of a log over its epochs, as a PNG: one panel for each player, and one below it for what is watched
    beside its losses, accuracies and diversity."""
    keys = [key for key in log if "/" in key and not key.endswith("gradient_norm")]
    players = list(dict.fromkeys(key.partition("/")[0] for key in keys))
    losses = [key for key in keys if not key.endswith(_SHARES)]
    rows = {"loss, mean of the epoch": losses, "share": [key for key in keys if key not in losses]}
    rows = {label: shown for label, shown in rows.items() if shown}
    figure = Figure(figsize=(4.2 * len(players), 2.8 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(rows), len(players), squeeze=False)
    for (label, shown), line in zip(rows.items(), panels, strict=True):
        for axes, player in zip(line, players, strict=True):
            mine = [key for key in shown if key.partition("/")[0] == player]
            if mine:
                _panel(axes, log, mine, label)
            else:
                axes.set_axis_off()
    for axes, player in zip(panels[0], players, strict=True):
        axes.set_title(f"{title}: {player}", fontsize=10)
    figure.savefig(path, dpi=120)


def _panel(axes: Axes, log: Mapping[str, Sequence[float]], keys: Sequence[str], label: str) -> None:
    for key in keys:
        axes.plot(log["epoch"], log[key], label=key.partition("/")[2].replace("_", " "))
    axes.set_xlabel("epoch")
    axes.set_ylabel(label)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
