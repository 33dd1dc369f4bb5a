"""How models, targets and parts are named in pictures and pages."""

from typing import Protocol

import numpy as np

from explain.report.attribution import Attribution


class Named(Protocol):
    """Anything with a model, a version and a target."""

    @property
    def model(self) -> str: ...
    @property
    def version(self) -> int | None: ...
    @property
    def target(self) -> str: ...


def model_name(e: Named) -> str:
    """The model and its version."""
    return e.model if e.version is None else f"{e.model} version {e.version}"


def full_name(e: Named) -> str:
    """The model, its version and the target."""
    return f"{model_name(e)}, {e.target}"


def output_name(e: Named) -> str:
    """The target without its signature."""
    return e.target.partition(":")[2] or e.target


def literal(text: str) -> str:
    """Text as matplotlib shows it unchanged: a dollar sign does not begin a formula."""
    return text.replace("$", r"\$")


def part_name(e: Attribution, part: int) -> str:
    """The number of a part and its name, or else its bounding box, both ends included."""
    if e.names:
        return f"{part}: {e.names[part]}"
    if e.kind in ("table", "tokens"):
        return f"{part}: {'column' if e.kind == 'table' else 'token'} {part}"
    axes = {"image": ("rows", "columns"), "video": ("frames", "rows", "columns"), "signal": ("samples",)}
    found = np.argwhere(e.labels == part)
    named = (*axes.get(e.kind, ("frequencies", "times")), "channels")[: e.labels.ndim]
    boxes = zip(named, found.min(0), found.max(0), strict=True)
    return f"{part}: {', '.join(f'{axis} {first} to {last}' for axis, first, last in boxes)}"
