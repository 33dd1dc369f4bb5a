"""LIME for any served or local model. Never imports zoo.

    from explain import Remote, explain
    with Remote("127.0.0.1:8500", "dcgan") as source:
        explain(source, image).save("why.png")

Importing this package is cheap: each name is imported from its module when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explain.api import compare, explain, explain_many
    from explain.attacks import Attack, attack
    from explain.errors import ExplainError, ModelError, RequestError
    from explain.parts.baselines import Patches
    from explain.parts.images import read_image
    from explain.parts.maps import Map, Parts, columns, grid, time_segments, tokens
    from explain.parts.spectrogram import Cells, cells
    from explain.parts.superpixels import felzenszwalb, slic
    from explain.quality.metrics import Quality
    from explain.quality.verdict import Trust
    from explain.report.aggregate import Aggregate, aggregate, rank_correlation
    from explain.report.attribution import Attribution
    from explain.report.explanation import Explanation
    from explain.sources.models import Local, Predictor, Remote
    from explain.sources.source import Function, Gradients, Source

__all__ = [
    "Aggregate",
    "Attack",
    "Attribution",
    "Cells",
    "ExplainError",
    "Explanation",
    "Function",
    "Gradients",
    "Local",
    "Map",
    "ModelError",
    "Parts",
    "Patches",
    "Predictor",
    "Quality",
    "Remote",
    "RequestError",
    "Source",
    "Trust",
    "aggregate",
    "attack",
    "cells",
    "columns",
    "compare",
    "explain",
    "explain_many",
    "felzenszwalb",
    "grid",
    "rank_correlation",
    "read_image",
    "slic",
    "time_segments",
    "tokens",
]

_MODULES = {
    "api": ("compare", "explain", "explain_many"),
    "attacks": ("Attack", "attack"),
    "errors": ("ExplainError", "ModelError", "RequestError"),
    "parts.baselines": ("Patches",),
    "parts.images": ("read_image",),
    "parts.maps": ("Map", "Parts", "columns", "grid", "time_segments", "tokens"),
    "parts.spectrogram": ("Cells", "cells"),
    "parts.superpixels": ("felzenszwalb", "slic"),
    "quality.metrics": ("Quality",),
    "quality.verdict": ("Trust",),
    "report.aggregate": ("Aggregate", "aggregate", "rank_correlation"),
    "report.attribution": ("Attribution",),
    "report.explanation": ("Explanation",),
    "sources.models": ("Local", "Predictor", "Remote"),
    "sources.source": ("Function", "Gradients", "Source"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"explain.{_HOME[name]}"), name)
    except ModuleNotFoundError as error:
        from serving.protocol import extras

        if not (message := extras.missing(error)):
            raise
        raise ModuleNotFoundError(f"explain.{name}: {message}", name=error.name) from None


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
