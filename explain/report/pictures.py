"""The pictures of explanations: each part in the colour of its effect."""

import io
from collections.abc import Iterable
from itertools import pairwise
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, FigureBase
from numpy.typing import NDArray

from explain.attacks import Attack
from explain.fit.inference import LEVEL
from explain.report.explanation import Explanation
from explain.several import Aggregate

COLOURS = "RdBu_r"  # diverging, and told apart by the colour-blind: red raises the target, blue lowers it
OPACITY = 0.7  # of the colours over the image
DARKEST = 0.4  # the grey that black becomes under the colours
LISTED = 20  # bars of a table
FRAMES = 6  # of a video


def png(e: Explanation) -> bytes:
    """The input and the effect of its parts, with f(x), f(baseline) and R² above."""
    figure = _figure(8.6, 4.6)
    _draw(figure, e, limit([e]))
    return _bytes(figure)


def compared(one: Explanation, other: Explanation) -> bytes:
    """Two explanations of one input, in one scale of colours: an image's side by side, others one above the other."""
    both = (one, other)
    largest = limit(both)
    figure = _figure(8.6, 3.6 if one.kind == "image" else 9.2)
    if one.kind == "image":
        image, *sides = figure.subplots(1, 3)
        _show(image, one.x)
        image.set_title("image", fontsize=10)
        for axes, e in zip(sides, both, strict=True):
            _overlay(axes, e, largest)
            axes.set_title(f"{_version(e)}: f(x) = {e.f_x:.4g}", fontsize=10)
        _bar(figure, sides, one, largest)
    else:
        rows = figure.add_gridspec(2)
        for i, e in enumerate(both):
            _draw(figure.add_subfigure(rows[i]), e, largest)
    return _bytes(figure)


def _draw(figure: FigureBase, e: Explanation, largest: float) -> None:
    figure.suptitle(f"{name(e)}\n{e.headline}", fontsize=11)
    if e.kind == "video":
        _video(figure, e, largest)
    elif e.kind == "image":
        left, right = figure.subplots(1, 2)
        _show(left, e.x)
        left.set_title("image", fontsize=10)
        right.set_title(f"effect of each part, against the baseline: {e.baseline}", fontsize=10)
        _overlay(right, e, largest)
        _bar(figure, [right], e, largest)
        if e.dead:
            right.text(
                0.5, -0.02, "dark grey parts equal the baseline", transform=right.transAxes, ha="center", va="top"
            )
    else:
        draw = {"table": _bars, "tokens": _bars, "signal": _signal, "spectrogram": _cells}[e.kind]
        draw(figure, figure.subplots(), e, largest)


def strip(e: Explanation, largest: float) -> bytes:
    """The overlay alone, small, for pages of many; its colours end at ± `largest`."""
    figure = _figure(2.2, 2.2)
    axes = figure.subplots()
    if e.kind == "image":
        _overlay(axes, e, largest)
    elif e.kind == "video":
        _frame(axes, e, len(e.x) // 2, largest)
    else:
        axes.bar(range(len(e.coefficients)), e.coefficients, color=_colours(e.coefficients, largest))
        axes.axhline(0, color="0.6", linewidth=0.8)
        axes.set_ylim(-1.05 * largest, 1.05 * largest)
    return _bytes(figure)


def aggregated(a: Aggregate) -> bytes:
    """Where the model looks: the mean effect of each place, and its mean size; a video's over its frames. Beside them
    the mean of images, which says what lies where."""
    figure = _figure(8.6, 3.6)
    figure.suptitle(f"{name(a)}: mean of {a.count} explanations, {a.trusted} of them trusted", fontsize=11)
    *first, effect, strength = figure.subplots(1, 3 if a.kind == "image" else 2)
    for axes in first:
        _show(axes, a.x)
        axes.set_title("mean image", fontsize=10)
    for axes, values, title, colours in (
        (effect, a.effect, "mean effect", COLOURS),
        (strength, a.strength, "mean size of the effect", "Purples"),
    ):
        largest = float(np.abs(values).max()) or 1.0
        shown = axes.imshow(
            _flat(values[a.labels]),
            cmap=colours,
            vmin=-largest if colours == COLOURS else 0,
            vmax=largest,
            aspect="equal" if a.kind in ("image", "video") else "auto",
        )
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
        figure.colorbar(shown, ax=axes, shrink=0.7)
    return _bytes(figure)


def _flat(heat: NDArray) -> NDArray:
    return heat.mean(axis=0) if heat.ndim == 3 else np.atleast_2d(heat)


def attacked(attack: Attack) -> bytes:
    """The image, the change that turned the decision, enlarged, and the image after it; of a video the frame that
    changed most; of rows and signals both curves."""
    figure = _figure(8.6, 3.6)
    figure.suptitle(f"{name(attack)}, decided at {attack.threshold:g}", fontsize=11)
    said = (f"before: f = {attack.f_x:.4g}", f"after: f = {attack.f_turned:.4g}")
    if attack.x.ndim < 3:
        axes = figure.subplots()
        for values, label in zip((attack.x, attack.turned), said, strict=True):
            axes.plot(values.reshape(len(values), -1), label=label, marker=".")
        axes.legend()
        return _bytes(figure)
    x, turned = attack.x, attack.turned
    if x.ndim == 4:
        frame = int(np.abs(turned - x).sum(axis=(1, 2, 3)).argmax())
        x, turned, said = x[frame], turned[frame], (f"frame {frame}, {said[0]}", said[1])
    _three(figure, x, turned, said)
    return _bytes(figure)


def _three(figure: Figure, x: NDArray, turned: NDArray, titles: tuple[str, str]) -> None:
    before, change, after = figure.subplots(1, 3)
    difference = (turned - x).mean(axis=-1)
    largest = float(np.abs(difference).max()) or 1.0
    for axes, title in ((before, titles[0]), (change, f"what was added: {largest:.2g} at most"), (after, titles[1])):
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
    _show(before, x)
    shown = change.imshow(difference, cmap=COLOURS, norm=Normalize(-largest, largest), interpolation="nearest")
    figure.colorbar(shown, ax=change, shrink=0.7)
    _show(after, turned)


class Named(Protocol):
    """What tells of a model."""

    @property
    def model(self) -> str: ...
    @property
    def version(self) -> int | None: ...
    @property
    def target(self) -> str: ...


def name(e: Named) -> str:
    """Model, version and target."""
    return f"{_version(e)}, {e.target}"


def _version(e: Named) -> str:
    return e.model if e.version is None else f"{e.model} version {e.version}"


def output(e: Explanation) -> str:
    """The target without its signature."""
    return e.target.partition(":")[2] or e.target


def place(e: Explanation, part: int) -> str:
    """The part's number and where it is: its name, or its bounding box with both ends included."""
    if e.names:
        return f"{part}: {e.names[part]}"
    if e.kind in ("table", "tokens"):
        return f"{part}: {'column' if e.kind == 'table' else 'token'} {part}"
    axes = {"image": ("rows", "columns"), "video": ("frames", "rows", "columns"), "signal": ("samples",)}
    found = np.argwhere(e.labels == part)
    boxes = zip(axes.get(e.kind, ("frequencies", "times")), found.min(0), found.max(0), strict=True)
    return f"{part}: {', '.join(f'{axis} {first} to {last}' for axis, first, last in boxes)}"


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _bytes(figure: Figure) -> bytes:
    target = io.BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def limit(found: Iterable[Explanation]) -> float:
    """The largest size of an effect in any of them, at which a scale of colours for all of them ends."""
    return max(float(np.abs(e.coefficients).max()) for e in found) or 1.0  # all 0: any symmetric scale will do


def _colours(values: NDArray, largest: float) -> NDArray:
    colours: NDArray = ScalarMappable(Normalize(-largest, largest), COLOURS).to_rgba(values)
    return colours


def _bar(figure: FigureBase, axes: list[Axes], e: Explanation, largest: float) -> None:
    figure.colorbar(
        ScalarMappable(Normalize(-largest, largest), COLOURS), ax=axes, shrink=0.85, label=f"change of {output(e)}"
    )


def _show(axes: Axes, image: NDArray) -> None:
    axes.imshow(image if image.shape[2] == 3 else image.mean(axis=2), cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()


def _overlay(axes: Axes, e: Explanation, largest: float) -> None:
    _over(axes, e.x, e.heat, largest)


def _over(axes: Axes, image: NDArray, heat: NDArray, largest: float) -> None:
    # Paled, so that the colours keep the same meaning over dark and bright parts.
    _show(axes, DARKEST + (1 - DARKEST) * image.mean(axis=2, keepdims=True))
    axes.imshow(heat, cmap=COLOURS, norm=Normalize(-largest, largest), alpha=OPACITY, interpolation="nearest")


def _frame(axes: Axes, e: Explanation, frame: int, largest: float) -> None:
    _over(axes, e.x[frame], e.heat[frame], largest)


def _video(figure: FigureBase, e: Explanation, largest: float) -> None:
    frames = np.unique(np.linspace(0, len(e.x) - 1, FRAMES).astype(int))
    axes = figure.subplots(2, len(frames), squeeze=False)
    for column, frame in enumerate(frames):
        _show(axes[0, column], e.x[frame])
        axes[0, column].set_title(f"frame {frame}", fontsize=9)
        _frame(axes[1, column], e, frame, largest)
    _bar(figure, list(axes.ravel()), e, largest)


def _bars(figure: FigureBase, axes: Axes, e: Explanation, largest: float) -> None:
    top = e.ranking[:LISTED][::-1]
    values, errors = e.coefficients[top], e.errors[top]
    places = [f"{place(e, part)} = {e.x.ravel()[e.labels.ravel() == part][0]:.4g}" for part in top]
    axes.barh(places, values, xerr=LEVEL * errors, color=_colours(values, largest), edgecolor="0.5", ecolor="0.3")
    axes.axvline(0, color="0.4", linewidth=0.8)
    axes.set_xlabel(f"change of {output(e)}, against the baseline: {e.baseline} (bars: 95 %)")
    axes.spines[["top", "right"]].set_visible(False)


def _signal(figure: FigureBase, axes: Axes, e: Explanation, largest: float) -> None:
    colours = _colours(e.heat, largest)
    edges = [0, *(np.flatnonzero(np.diff(e.labels)) + 1), len(e.labels)]
    for start, stop in pairwise(edges):
        axes.axvspan(start - 0.5, stop - 0.5, color=colours[start], alpha=OPACITY, linewidth=0)
    axes.plot(e.x, color="0.1", linewidth=0.9)
    axes.set_xlim(-0.5, len(e.x) - 0.5)
    axes.set_xlabel(f"sample; the colour is the effect against the baseline: {e.baseline}")
    _bar(figure, [axes], e, largest)


def _cells(figure: FigureBase, axes: Axes, e: Explanation, largest: float) -> None:
    axes.imshow(e.heat, cmap=COLOURS, norm=Normalize(-largest, largest), aspect="auto", origin="lower")
    axes.set_xlabel("time, in hops of the transform")
    axes.set_ylabel("frequency, in bins from 0")
    _bar(figure, [axes], e, largest)
