"""The pictures of explanations: each part in the colour of its effect."""

import io
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from explain.adversarial import Attack
from explain.explanation import Explanation
from explain.inference import LEVEL
from explain.several import Aggregate

COLOURS = "RdBu_r"  # diverging, and told apart by the colour-blind: red raises the target, blue lowers it
OPACITY = 0.7  # of the colours over the image
DARKEST = 0.4  # the grey that black becomes under the colours
LISTED = 20  # bars of a table
FRAMES = 6  # of a video


def png(e: Explanation) -> bytes:
    """The input and the effect of its parts, with f(x), f(baseline) and R² above."""
    figure, draw = _figure(8.6, 4.6), {"table": _bars, "tokens": _bars, "signal": _signal, "spectrogram": _cells}
    figure.suptitle(f"{name(e)}\n{e.headline}", fontsize=11)
    if e.kind == "video":
        _video(figure, e)
    elif e.kind == "image":
        left, right = figure.subplots(1, 2)
        _show(left, e.x)
        left.set_title("image", fontsize=10)
        right.set_title(f"effect of each part, against the baseline: {e.baseline}", fontsize=10)
        overlay(right, e)
        _bar(figure, [right], e)
        if e.dead:
            right.text(
                0.5, -0.02, "dark grey parts equal the baseline", transform=right.transAxes, ha="center", va="top"
            )
    else:
        draw[e.kind](figure.subplots(), e)
    return _bytes(figure)


def strip(e: Explanation) -> bytes:
    """The overlay alone, small, for pages of many."""
    figure = _figure(2.2, 2.2)
    axes = figure.subplots()
    if e.kind == "image":
        overlay(axes, e)
    elif e.kind == "video":
        _frame(axes, e, len(e.x) // 2, _limit(e))
    else:
        axes.bar(range(len(e.coefficients)), e.coefficients, color=_colours(e.coefficients, _limit(e)))
        axes.axhline(0, color="0.6", linewidth=0.8)
    return _bytes(figure)


def aggregated(a: Aggregate) -> bytes:
    """Where the model looks: the mean effect of each place, and its mean size; a video's over its frames."""
    figure = _figure(8.6, 4.6)
    version = "" if a.version is None else f" version {a.version}"
    figure.suptitle(
        f"{a.model}{version}, {a.target}: mean of {a.count} explanations, {a.trusted} of them trusted", fontsize=11
    )
    for axes, values, title, colours in (
        (figure.add_subplot(121), a.effect, "mean effect", COLOURS),
        (figure.add_subplot(122), a.strength, "mean strength", "Purples"),
    ):
        limit = float(np.abs(values).max()) or 1.0
        low = -limit if colours == COLOURS else 0
        shown = axes.imshow(
            _flat(values[a.labels]),
            cmap=colours,
            vmin=low,
            vmax=limit,
            aspect="equal" if a.kind in ("image", "video") else "auto",
        )
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
        figure.colorbar(shown, ax=axes, shrink=0.85)
    return _bytes(figure)


def _flat(heat: NDArray) -> NDArray:
    return heat.mean(axis=0) if heat.ndim == 3 else np.atleast_2d(heat)


def attacked(attack: Attack) -> bytes:
    """The image, the change that turned the decision, enlarged, and the image after it."""
    figure = _figure(8.6, 3.6)
    figure.suptitle(f"{attack.model}, {attack.target}: {attack.f_x:.4g} to {attack.f_turned:.4g}", fontsize=11)
    before, change, after = figure.subplots(1, 3)
    difference = (attack.turned - attack.x).mean(axis=-1)
    limit = float(np.abs(difference).max()) or 1.0
    for axes, title in ((before, "image"), (change, "what was added"), (after, "image after it")):
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
    _show(before, attack.x)
    shown = change.imshow(difference, cmap=COLOURS, norm=Normalize(-limit, limit), interpolation="nearest")
    figure.colorbar(shown, ax=change, shrink=0.7)
    _show(after, attack.turned)
    return _bytes(figure)


def name(e: Explanation) -> str:
    """Model, version and target."""
    version = "" if e.version is None else f" version {e.version}"
    return f"{e.model}{version}, {e.target}"


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


def _limit(e: Explanation) -> float:
    return float(np.abs(e.coefficients).max()) or 1.0  # all 0: any scale symmetric about 0 will do


def _colours(values: NDArray, limit: float) -> NDArray:
    colours: NDArray = ScalarMappable(Normalize(-limit, limit), COLOURS).to_rgba(values)
    return colours


def _bar(figure: Figure, axes: list[Axes], e: Explanation) -> None:
    limit = _limit(e)
    figure.colorbar(
        ScalarMappable(Normalize(-limit, limit), COLOURS), ax=axes, shrink=0.85, label=f"change of {output(e)}"
    )


def _show(axes: Axes, image: NDArray) -> None:
    axes.imshow(image if image.shape[2] == 3 else image.mean(axis=2), cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()


def overlay(axes: Axes, e: Explanation) -> None:
    """The image in pale grey under the colours of its parts."""
    _over(axes, e.x, e.heat, _limit(e))


def _over(axes: Axes, image: NDArray, heat: NDArray, limit: float) -> None:
    # Paled, so that the colours keep the same meaning over dark and bright parts.
    _show(axes, DARKEST + (1 - DARKEST) * image.mean(axis=2, keepdims=True))
    axes.imshow(heat, cmap=COLOURS, norm=Normalize(-limit, limit), alpha=OPACITY, interpolation="nearest")


def _frame(axes: Axes, e: Explanation, frame: int, limit: float) -> None:
    _over(axes, e.x[frame], e.heat[frame], limit)


def _video(figure: Figure, e: Explanation) -> None:
    frames = np.unique(np.linspace(0, len(e.x) - 1, FRAMES).astype(int))
    axes = figure.subplots(2, len(frames), squeeze=False)
    for column, frame in enumerate(frames):
        _show(axes[0, column], e.x[frame])
        axes[0, column].set_title(f"frame {frame}", fontsize=9)
        _frame(axes[1, column], e, frame, _limit(e))
    _bar(figure, list(axes.ravel()), e)


def _bars(axes: Axes, e: Explanation) -> None:
    top = e.ranking[:LISTED][::-1]
    values, errors = e.coefficients[top], e.errors[top]
    places = [f"{place(e, part)} = {e.x.ravel()[e.labels.ravel() == part][0]:.4g}" for part in top]
    axes.barh(places, values, xerr=LEVEL * errors, color=_colours(values, _limit(e)), edgecolor="0.5", ecolor="0.3")
    axes.axvline(0, color="0.4", linewidth=0.8)
    axes.set_xlabel(f"change of {output(e)}, against the baseline: {e.baseline} (bars: 95 %)")
    axes.spines[["top", "right"]].set_visible(False)


def _signal(axes: Axes, e: Explanation) -> None:
    colours = _colours(e.heat, _limit(e))
    edges = [0, *(np.flatnonzero(np.diff(e.labels)) + 1), len(e.labels)]
    for start, stop in pairwise(edges):
        axes.axvspan(start - 0.5, stop - 0.5, color=colours[start], alpha=OPACITY, linewidth=0)
    axes.plot(e.x, color="0.1", linewidth=0.9)
    axes.set_xlim(-0.5, len(e.x) - 0.5)
    axes.set_xlabel(f"sample; the colour is the effect against the baseline: {e.baseline}")
    _bar(axes.get_figure(), [axes], e)  # type: ignore[arg-type]


def _cells(axes: Axes, e: Explanation) -> None:
    limit = _limit(e)
    axes.imshow(e.heat, cmap=COLOURS, norm=Normalize(-limit, limit), aspect="auto", origin="lower")
    axes.set_xlabel("time, in hops of the transform")
    axes.set_ylabel("frequency, in bins from 0")
    _bar(axes.get_figure(), [axes], e)  # type: ignore[arg-type]
