"""Draws one explanation, or one image, into given axes or a given figure. One function for each kind of input."""

from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import FigureBase
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from explain.fit.uncertainty import STANDARD_ERRORS_95
from explain.report.attribution import Attribution
from explain.report.captions import full_name, literal, output_name, part_name

COLOURS = "RdBu_r"  # diverging, and safe for colour-blind readers: red raises the target, blue lowers it
DARKEST = 0.4  # the grey of black pixels in dead parts
OUTLINE_DETAIL = 40  # the finest detail of an outline, as a fraction of the longer side
FAINT = 0.1  # the least contrast of an image that gets an outline
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
        panel(figure, e, largest)


def show(axes: Axes, image: NDArray[Any]) -> None:
    """An image (H, W, C) in [0, 1], in colour if C is 3, else its mean over channels."""
    axes.imshow(image if image.shape[2] == 3 else image.mean(axis=2), cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()


def overlay(axes: Axes, image: NDArray[Any], heat: NDArray[np.float64], largest: float) -> None:
    """The effects `heat` (H, W), or the sum over channels of (H, W, C), with the outlines of an image (H, W, C).

    Colours are opaque, so that they equal those of the colour bar; dead parts show the image in grey.
    """
    show(axes, DARKEST + (1 - DARKEST) * image.mean(axis=2, keepdims=True))
    heat = over_channels(heat) if heat.ndim == 3 else heat
    axes.imshow(heat, cmap=COLOURS, norm=Normalize(-largest, largest), interpolation="nearest")
    smooth = gaussian_filter(image.mean(axis=2).astype(np.float64), max(image.shape[:2]) / OUTLINE_DETAIL)
    if min(image.shape[:2]) > 1 and np.ptp(smooth) > FAINT:
        axes.contour(smooth, [(smooth.min() + smooth.max()) / 2], colors="0.35", linewidths=0.7)


def over_channels(heat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Effects (..., C) of parts that tell channels apart -> their sum (...); NaN where all are dead."""
    return np.where(np.isnan(heat).all(axis=-1), np.nan, np.nansum(heat, axis=-1))


def colour_bar(figure: FigureBase, axes: list[Axes], e: Attribution, largest: float) -> None:
    """The scale of the colours, from -`largest` to `largest`."""
    scale = ScalarMappable(Normalize(-largest, largest), COLOURS)
    figure.colorbar(scale, ax=axes, shrink=0.85, label=literal(f"change of {output_name(e)}"))


def colours(values: NDArray[np.float64], largest: float) -> NDArray[Any]:
    """Effects (...) -> RGBA (..., 4)."""
    return np.asarray(ScalarMappable(Normalize(-largest, largest), COLOURS).to_rgba(values))


def _image(figure: FigureBase, e: Attribution, largest: float) -> None:
    channels = range(e.heat.shape[2]) if e.heat.ndim == 3 else []
    left, right, *others = figure.subplots(1, 1 + max(1, len(channels)))
    show(left, e.x)
    left.set_title("image", fontsize=10)
    for channel, axes in zip(channels, (right, *others), strict=False):
        overlay(axes, e.x[..., channel : channel + 1], e.heat[..., channel], largest)
        axes.set_title(f"channel {channel}", fontsize=10)
    if not channels:
        right.set_title(literal(f"effect of each part, against the baseline: {e.baseline}"), fontsize=10)
        overlay(right, e.x, e.heat, largest)
    colour_bar(figure, [right, *others], e, largest)
    if e.dead:
        right.text(0.5, -0.02, "grey parts equal the baseline", transform=right.transAxes, ha="center", va="top")


def _video(figure: FigureBase, e: Attribution, largest: float) -> None:
    frames = np.unique(np.linspace(0, len(e.x) - 1, FRAMES).astype(int))
    axes = figure.subplots(2, len(frames), squeeze=False)
    for column, frame in enumerate(frames):
        show(axes[0, column], e.x[frame])
        axes[0, column].set_title(f"frame {frame}", fontsize=9)
        overlay(axes[1, column], e.x[frame], e.heat[frame], largest)
    colour_bar(figure, list(axes.ravel()), e, largest)


def _bars(figure: FigureBase, e: Attribution, largest: float) -> None:
    axes = figure.subplots()
    top = e.ranking[:LISTED][::-1]
    values, errors = e.coefficients[top], e.errors[top]
    names = [literal(f"{part_name(e, part)} = {e.x.ravel()[e.labels.ravel() == part][0]:.4g}") for part in top]
    shades = colours(values, largest)
    axes.barh(names, values, xerr=STANDARD_ERRORS_95 * errors, color=shades, edgecolor="0.5", ecolor="0.3")
    axes.axvline(0, color="0.4", linewidth=0.8)
    axes.set_xlabel(literal(f"change of {output_name(e)}, against the baseline: {e.baseline} (bars: 95 %)"))
    axes.spines[["top", "right"]].set_visible(False)


def _signal(figure: FigureBase, e: Attribution, largest: float) -> None:
    """One panel; or one for each channel, if the parts tell channels apart."""
    labels, heat = e.labels.reshape(len(e.labels), -1), e.heat.reshape(len(e.labels), -1)
    panels = figure.subplots(labels.shape[1], 1, squeeze=False, sharex=True)[:, 0]
    for channel, axes in enumerate(panels):
        shades = colours(heat[:, channel], largest)
        edges = [0, *(np.flatnonzero(np.diff(labels[:, channel])) + 1), len(labels)]
        for start, stop in pairwise(edges):
            axes.axvspan(start - 0.5, stop - 0.5, color=shades[start], linewidth=0)
        axes.plot(e.x if len(panels) == 1 else e.x[:, channel], color="0.1", linewidth=0.9)
        axes.set_xlim(-0.5, len(e.x) - 0.5)
        if len(panels) > 1:
            axes.set_ylabel(f"channel {channel}")
    panels[-1].set_xlabel(literal(f"sample; the colour is the effect against the baseline: {e.baseline}"))
    colour_bar(figure, list(panels), e, largest)


def _cells(figure: FigureBase, e: Attribution, largest: float) -> None:
    axes = figure.subplots()
    axes.imshow(e.heat, cmap=COLOURS, norm=Normalize(-largest, largest), aspect="auto", origin="lower")
    axes.set_xlabel("time, in hops of the transform")
    axes.set_ylabel("frequency, in bins from 0")
    colour_bar(figure, [axes], e, largest)
