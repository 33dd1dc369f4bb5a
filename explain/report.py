"""The picture and the page of an explanation."""

import base64
import html as markup
import io
import math
from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from explain.explanation import Explanation

COLOURS = "RdBu_r"  # diverging, and told apart by the colour-blind: red raises the target, blue lowers it
OPACITY = 0.7  # of the colours over the image
DARKEST = 0.4  # the grey that black becomes under the colours
LISTED = 10


def png(explanation: Explanation) -> bytes:
    """Image, overlay and colour bar, with f(x), f(baseline) and R² above."""
    figure = Figure(figsize=(8.6, 4.6), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    figure.suptitle(f"{_name(explanation)}\n{explanation.headline}", fontsize=11)
    _show(left, explanation.image)
    left.set_title("image", fontsize=10)
    right.set_title(f"effect of each part, against the baseline: {explanation.baseline}", fontsize=10)
    shown = _overlay(right, explanation)
    figure.colorbar(shown, ax=right, shrink=0.85, label=f"change of {_output(explanation)}")
    target = io.BytesIO()
    figure.savefig(target, format="png")
    return target.getvalue()


def html(explanation: Explanation) -> str:
    """One self-contained page: the verdict, the picture, the strongest parts, and how they were found."""
    picture = base64.b64encode(png(explanation)).decode()
    strongest = [("part", f"change of {_output(explanation)}")]
    strongest += [(_place(explanation, p), f"{explanation.coefficients[p]:+.4g}") for p in _top(explanation)]
    title = markup.escape(_name(explanation))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
img {{ max-width: 100%; }}
main {{ display: flex; flex-wrap: wrap; gap: 3rem; }}
td, th {{ padding: .1rem 1.2rem .1rem 0; text-align: left; font-variant-numeric: tabular-nums; }}
th {{ font-weight: 500; color: #555; }}
</style></head><body>
<h1>{title}</h1>
<p>{markup.escape(explanation.verdict)}</p>
<img alt="The image, and the effect of each of its parts" src="data:image/png;base64,{picture}">
<main>
<section><h2>Numbers</h2>{_table(_numbers(explanation))}</section>
<section><h2>Strongest parts</h2>{_table(strongest)}</section>
</main>
</body></html>
"""


def _numbers(e: Explanation) -> list[tuple[str, str]]:
    return [
        ("f(x)", f"{e.f_x:.6g}"),
        ("f(baseline)", f"{e.f_baseline:.6g}"),
        ("R²", "undefined" if math.isnan(e.r2) else f"{e.r2:.4f}"),
        ("linear model at x", f"{e.local_prediction:.6g}"),
        ("intercept", f"{e.intercept:.6g}"),
        ("parts", f"{len(e.coefficients)}, of which {len(e.dead)} equal the baseline and have no effect"),
        ("baseline", e.baseline),
        ("samples, seed", f"{e.samples}, {e.seed}"),
        ("engine, α, kernel width", f"{e.engine}, {e.alpha:g}, {e.kernel_width:g}"),
        ("evaluations, calls", f"{e.evaluations}, {e.calls}"),
        ("seconds", f"{e.seconds:.2f}"),
    ]


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = (f"<tr><th>{markup.escape(k)}</th><td>{markup.escape(v)}</td></tr>" for k, v in rows)
    return f"<table>{''.join(cells)}</table>"


def _name(explanation: Explanation) -> str:
    version = "" if explanation.version is None else f" version {explanation.version}"
    return f"{explanation.model}{version}, {explanation.target}"


def _top(explanation: Explanation) -> list[int]:
    return explanation.ranking[:LISTED]


def _place(explanation: Explanation, part: int) -> str:
    """The part's number and bounding box, in pixels from the top left, both ends included."""
    (top, left), (bottom, right) = (f(np.argwhere(explanation.labels == part), axis=0) for f in (np.min, np.max))
    return f"{part}: rows {top} to {bottom}, columns {left} to {right}"


def _output(explanation: Explanation) -> str:
    return explanation.target.rpartition(":")[2]


def _show(axes: Axes, image: NDArray) -> None:
    axes.imshow(image if image.shape[2] == 3 else image.mean(axis=2), cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()


def _overlay(axes: Axes, explanation: Explanation) -> AxesImage:
    grey = explanation.image.mean(axis=2, keepdims=True)
    # Paled, so that the colours keep the same meaning over dark and bright parts.
    _show(axes, DARKEST + (1 - DARKEST) * grey)
    if explanation.dead:
        axes.text(0.5, -0.02, "dark grey parts equal the baseline", transform=axes.transAxes, ha="center", va="top")
    heat = explanation.heat
    limit = float(np.nanmax(np.abs(heat))) or 1.0  # all coefficients 0: any scale symmetric about 0 will do
    return axes.imshow(heat, cmap=COLOURS, norm=Normalize(-limit, limit), alpha=OPACITY, interpolation="nearest")
