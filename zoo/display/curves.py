"""Curves of a run's losses."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_SHARES = ("accuracy", "diversity")
"""Endings of what a log holds besides losses."""


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
