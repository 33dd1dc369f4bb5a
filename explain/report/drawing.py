"""Draws one explanation, or one image, into given axes or a given figure. One function for each kind of input."""

from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import FigureBase
from numpy.typing import NDArray

from explain.fit.uncertainty import STANDARD_ERRORS_95
from explain.report.attribution import Attribution
from explain.report.captions import full_name, literal, output_name, part_name

COLOURS = "RdBu_r"  # diverging, and safe for colour-blind readers: red raises the target, blue lowers it
OPACITY = 0.7  # of the colours over the image
DARKEST = 0.4  # the grey of black pixels under the colours
LISTED = 20  # bars of a table
FRAMES = 6  # of a video


def draw(figure: FigureBase, e: Attribution, largest: float) -> None:
    """The input and the effect of its parts; the colours end at ± `largest`."""
    figure.suptitle(literal(f"{full_name(e)}\n{e.headline}"), fontsize=11)
    if e.kind == "video":
        _video(figure, e, largest)
    elif e.kind == "image":
        _image(figure, e, largest)
    else:
        panel = {"table": _bars, "tokens": _bars, "signal": _signal, "spectrogram": _cells}[e.kind]
        panel(figure, figure.subplots(), e, largest)


def show(axes: Axes, image: NDArray[Any]) -> None:
    """An image (H, W, C) in [0, 1], in colour if C is 3, else its mean over channels."""
    axes.imshow(image if image.shape[2] == 3 else image.mean(axis=2), cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()


def overlay(axes: Axes, image: NDArray[Any], heat: NDArray[np.float64], largest: float) -> None:
    """The effects `heat` (H, W) in colour over an image (H, W, C)."""
    # The image is paled, so that a colour looks the same over dark and bright parts.
    show(axes, DARKEST + (1 - DARKEST) * image.mean(axis=2, keepdims=True))
    axes.imshow(heat, cmap=COLOURS, norm=Normalize(-largest, largest), alpha=OPACITY, interpolation="nearest")


def colour_bar(figure: FigureBase, axes: list[Axes], e: Attribution, largest: float) -> None:
    """The scale of the colours, from -`largest` to `largest`."""
    scale = ScalarMappable(Normalize(-largest, largest), COLOURS)
    figure.colorbar(scale, ax=axes, shrink=0.85, label=literal(f"change of {output_name(e)}"))


def colours(values: NDArray[np.float64], largest: float) -> NDArray[Any]:
    """Effects (...) -> RGBA (..., 4)."""
    return np.asarray(ScalarMappable(Normalize(-largest, largest), COLOURS).to_rgba(values))


def _image(figure: FigureBase, e: Attribution, largest: float) -> None:
    left, right = figure.subplots(1, 2)
    show(left, e.x)
    left.set_title("image", fontsize=10)
    right.set_title(literal(f"effect of each part, against the baseline: {e.baseline}"), fontsize=10)
    overlay(right, e.x, e.heat, largest)
    colour_bar(figure, [right], e, largest)
    if e.dead:
        right.text(0.5, -0.02, "dark grey parts equal the baseline", transform=right.transAxes, ha="center", va="top")


def _video(figure: FigureBase, e: Attribution, largest: float) -> None:
    frames = np.unique(np.linspace(0, len(e.x) - 1, FRAMES).astype(int))
    axes = figure.subplots(2, len(frames), squeeze=False)
    for column, frame in enumerate(frames):
        show(axes[0, column], e.x[frame])
        axes[0, column].set_title(f"frame {frame}", fontsize=9)
        overlay(axes[1, column], e.x[frame], e.heat[frame], largest)
    colour_bar(figure, list(axes.ravel()), e, largest)


def _bars(figure: FigureBase, axes: Axes, e: Attribution, largest: float) -> None:
    top = e.ranking[:LISTED][::-1]
    values, errors = e.coefficients[top], e.errors[top]
    names = [literal(f"{part_name(e, part)} = {e.x.ravel()[e.labels.ravel() == part][0]:.4g}") for part in top]
    shades = colours(values, largest)
    axes.barh(names, values, xerr=STANDARD_ERRORS_95 * errors, color=shades, edgecolor="0.5", ecolor="0.3")
    axes.axvline(0, color="0.4", linewidth=0.8)
    axes.set_xlabel(literal(f"change of {output_name(e)}, against the baseline: {e.baseline} (bars: 95 %)"))
    axes.spines[["top", "right"]].set_visible(False)


def _signal(figure: FigureBase, axes: Axes, e: Attribution, largest: float) -> None:
    shades = colours(e.heat, largest)
    edges = [0, *(np.flatnonzero(np.diff(e.labels)) + 1), len(e.labels)]
    for start, stop in pairwise(edges):
        axes.axvspan(start - 0.5, stop - 0.5, color=shades[start], alpha=OPACITY, linewidth=0)
    axes.plot(e.x, color="0.1", linewidth=0.9)
    axes.set_xlim(-0.5, len(e.x) - 0.5)
    axes.set_xlabel(literal(f"sample; the colour is the effect against the baseline: {e.baseline}"))
    colour_bar(figure, [axes], e, largest)


def _cells(figure: FigureBase, axes: Axes, e: Attribution, largest: float) -> None:
    axes.imshow(e.heat, cmap=COLOURS, norm=Normalize(-largest, largest), aspect="auto", origin="lower")
    axes.set_xlabel("time, in hops of the transform")
    axes.set_ylabel("frequency, in bins from 0")
    colour_bar(figure, [axes], e, largest)
