"""PNG pictures of explanations, aggregates and attacks."""

import io
from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from explain.attacks import Attack
from explain.report.aggregate import Aggregate
from explain.report.attribution import Attribution
from explain.report.captions import full_name, literal, model_name
from explain.report.drawing import COLOURS, colour_bar, colours, draw, over_channels, overlay, show


def png(e: Attribution) -> bytes:
    """The input and the effect of its parts; above them f(x), f(baseline) and R²."""
    figure = _figure(8.6, 4.6)
    draw(figure, e, limit([e]))
    return _bytes(figure)


def compared(one: Attribution, other: Attribution) -> bytes:
    """Two explanations of one input on one colour scale: of an image side by side, of other inputs stacked."""
    both = (one, other)
    largest = limit(both)
    figure = _figure(8.6, 3.6 if one.kind == "image" else 9.2)
    if one.kind == "image":
        image, *overlays = figure.subplots(1, 3)
        show(image, one.x)
        image.set_title("image", fontsize=10)
        for axes, e in zip(overlays, both, strict=True):
            overlay(axes, e.x, e.heat, largest)
            axes.set_title(literal(f"{model_name(e)}: f(x) = {e.f_x:.4g}"), fontsize=10)
        colour_bar(figure, overlays, one, largest)
    else:
        rows = figure.add_gridspec(2)
        for i, e in enumerate(both):
            draw(figure.add_subfigure(rows[i]), e, largest)
    return _bytes(figure)


def strip(e: Attribution, largest: float) -> bytes:
    """A small picture of the effects alone, for pages of many; the colours end at ± `largest`."""
    figure = _figure(2.2, 2.2)
    axes = figure.subplots()
    if e.kind == "image":
        overlay(axes, e.x, e.heat, largest)
    elif e.kind == "video":
        frame = len(e.x) // 2
        overlay(axes, e.x[frame], e.heat[frame], largest)
    else:
        axes.bar(range(len(e.coefficients)), e.coefficients, color=colours(e.coefficients, largest))
        axes.axhline(0, color="0.6", linewidth=0.8)
        axes.set_ylim(-1.05 * largest, 1.05 * largest)
    return _bytes(figure)


def aggregated(a: Aggregate) -> bytes:
    """Mean effect and mean absolute effect at each position, of a video averaged over frames; of images also the mean
    image."""
    figure = _figure(8.6, 3.6)
    title = f"{full_name(a)}: mean of {a.count} explanations, {a.trusted} of them trusted"
    figure.suptitle(literal(title), fontsize=11)
    *first, effect, strength = figure.subplots(1, 3 if a.kind == "image" else 2)
    for axes in first:
        show(axes, a.x)
        axes.set_title("mean image", fontsize=10)
    for axes, values, title, scale in (
        (effect, a.effect, "mean effect", COLOURS),
        (strength, a.strength, "mean size of the effect", "Purples"),
    ):
        largest = float(np.abs(values).max()) or 1.0
        shown = axes.imshow(
            _flat(values[a.labels], a.kind),
            cmap=scale,
            vmin=-largest if scale == COLOURS else 0,
            vmax=largest,
            aspect="equal" if a.kind in ("image", "video") else "auto",
        )
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
        figure.colorbar(shown, ax=axes, shrink=0.7)
    return _bytes(figure)


def attacked(attack: Attack) -> bytes:
    """The input, the change and the adversarial example: of a video the frame that changed most; of rows and signals
    both curves."""
    figure = _figure(8.6, 3.6)
    figure.suptitle(literal(f"{full_name(attack)}, threshold {attack.threshold:g}"), fontsize=11)
    titles = (f"before: f = {attack.f_x:.4g}", f"after: f = {attack.f_adversarial:.4g}")
    if attack.x.ndim < 3:
        axes = figure.subplots()
        for values, label in zip((attack.x, attack.adversarial), titles, strict=True):
            axes.plot(values.reshape(len(values), -1), label=label, marker=".")
        axes.legend()
        return _bytes(figure)
    x, adversarial = attack.x, attack.adversarial
    if x.ndim == 4:
        frame = int(np.abs(adversarial - x).sum(axis=(1, 2, 3)).argmax())
        x, adversarial, titles = x[frame], adversarial[frame], (f"frame {frame}, {titles[0]}", titles[1])
    _before_and_after(figure, x, adversarial, titles)
    return _bytes(figure)


def _before_and_after(figure: Figure, x: NDArray[Any], adversarial: NDArray[Any], titles: tuple[str, str]) -> None:
    before, change, after = figure.subplots(1, 3)
    difference = (adversarial - x).mean(axis=-1)
    largest = float(np.abs(difference).max()) or 1.0
    for axes, title in ((before, titles[0]), (change, f"change: {largest:.2g} at most"), (after, titles[1])):
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
    show(before, x)
    shown = change.imshow(difference, cmap=COLOURS, norm=Normalize(-largest, largest), interpolation="nearest")
    figure.colorbar(shown, ax=change, shrink=0.7)
    show(after, adversarial)


def limit(found: Iterable[Attribution]) -> float:
    """The largest absolute effect in any of them, where a common colour scale ends."""
    return max(float(np.abs(e.coefficients).max()) for e in found) or 1.0  # any symmetric scale will do if all are 0


def _flat(heat: NDArray[np.float64], kind: str) -> NDArray[np.float64]:
    """In two dimensions: a video averaged over frames, an image summed over channels, a signal with a row a channel."""
    if heat.ndim == 3:
        return np.asarray(heat.mean(axis=0)) if kind == "video" else over_channels(heat)
    return np.atleast_2d(heat.T if kind == "signal" else heat)


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _bytes(figure: Figure) -> bytes:
    target = io.BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()
