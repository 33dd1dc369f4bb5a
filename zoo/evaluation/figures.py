"""Pictures of results."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from zoo.evaluation.comparison import Comparison


def curves(comparison: Comparison, path: Path) -> None:
    """The measure over epochs as a PNG: a line for each model's mean over seeds, a band for their range."""
    figure = Figure(figsize=(7.2, 3.2 + 0.2 * len(comparison.entries)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for i, entry in enumerate(comparison.ranked):
        curves = np.array([c for c in entry.curves if not np.isnan(c).any()])
        if len(curves):
            axes.plot(entry.looks, curves.mean(0), "o-", color=f"C{i}", markersize=4, label=entry.model)
            axes.fill_between(entry.looks, curves.min(0), curves.max(0), color=f"C{i}", alpha=0.15, linewidth=0)
            axes.vlines(entry.looks[-1], curves[:, -1].min(), curves[:, -1].max(), color=f"C{i}", linewidth=1)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(f"{comparison.measure}, {comparison.better} is better")
    axes.set_title(comparison.title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower left", frameon=False, fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
