"""Curves: of a run's losses, of several models, of examples that are series."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

_SHARES = ("accuracy", "diversity")
"""Endings of what a log holds besides losses."""
_BINS = 200
"""Of a long curve, of which only the lowest and the highest value of each bin is drawn."""


def draw(log: Mapping[str, Sequence[float]], path: Path, *, title: str) -> None:
    """Draws every loss of a log over its epochs, as a PNG.

    Each player has a panel for its losses, and one below for its metrics that are shares: accuracy and diversity.
    """
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


def ranges(
    curves: Mapping[str, tuple[Sequence[int], Sequence[Sequence[float]]]], path: Path, *, title: str, axis: str
) -> None:
    """Draws several models' curves over epochs, as a PNG: the mean of each model's as a line, their range as a band.

    Args:
      curves: by model, the epochs and a curve for each run; none for a model whose runs failed.
    """
    figure = Figure(figsize=(7.2, 3.2 + 0.2 * len(curves)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for i, (name, (epochs, runs)) in enumerate(curves.items()):
        if runs:
            values, color = np.array(runs), f"C{i}"
            axes.plot(epochs, values.mean(0), "o-", color=color, markersize=4, label=name)
            axes.fill_between(epochs, values.min(0), values.max(0), color=color, alpha=0.15, linewidth=0)
            axes.vlines(epochs[-1], values[:, -1].min(), values[:, -1].max(), color=color, linewidth=1)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(axis)
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower left", frameon=False, fontsize=9)
    figure.savefig(path, dpi=110)


def examples(
    values: np.ndarray, path: Path, *, rate: float | None = None, columns: int | None = None, names: Sequence[str] = ()
) -> None:
    """Draws series in the cells of a grid, all on one scale, as a PNG.

    Args:
      values: (N, T, C) in their own units; each of C channels has its own colour.
      rate: values a second, where known.
      columns: series in a row; None makes the grid about square.
      names: of the series, inside their cells.
    """
    count, length, channels = values.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows, low, high = math.ceil(count / columns), float(np.min(values)), float(np.max(values))
    figure = Figure(figsize=(1.3 * columns, 0.9 * rows + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    heights = 0.9 * (values - low) / ((high - low) or 1.0)
    for channel in range(channels):
        lines = [_cell(line, i, columns) for i, line in enumerate(heights[..., channel])]
        axes.add_collection(LineCollection(lines, colors=f"C{channel}", linewidths=0.7))
    for i, name in enumerate(names):
        axes.text(i % columns, 0.9 - i // columns, name, fontsize=6, verticalalignment="top")
    axes.set_xlim(0, columns)
    axes.set_ylim(1 - rows, 1)
    axes.set_xticks(range(columns), [])
    axes.set_yticks(range(1 - rows, 1), [])
    axes.grid(linewidth=0.3)
    time = f"{length / rate:.3g} s" if rate else f"{length} steps"
    axes.set_title(f"each cell: {time}, from {low:.3g} to {high:.3g}", fontsize=8)
    figure.savefig(path, dpi=110)


def _cell(line: np.ndarray, i: int, columns: int) -> np.ndarray:
    """The points (P, 2) of a curve (T,) with heights in [0, 1], in cell i. Long ones become the range of each bin."""
    bins = len(line) // _BINS
    if bins > 1:
        parts = line[: bins * _BINS].reshape(_BINS, bins)
        line = np.stack([parts.min(axis=1), parts.max(axis=1)], axis=1).ravel()
    x = i % columns + 0.95 * np.arange(len(line)) / max(1, len(line) - 1)
    return np.stack([x, line - i // columns], axis=1)
