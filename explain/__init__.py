"""LIME for any served or local model. Never imports zoo.

    from explain import Remote, explain
    with Remote("127.0.0.1:8500", "dcgan") as source:
        explain(source, image).save("why.png")

Importing this package is cheap: each name is fetched from its module when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explain.api import explain
    from explain.attacks import Attack, attack
    from explain.errors import ExplainError, ModelError, RequestError
    from explain.parts.baselines import Patches
    from explain.parts.images import read_image
    from explain.parts.maps import Map, columns, grid, stretches, tokens
    from explain.parts.segments import felzenszwalb, slic
    from explain.parts.spectrum import cells
    from explain.quality.measures import Quality
    from explain.quality.verdict import Trust
    from explain.report.explanation import Explanation
    from explain.several import Aggregate, aggregate, compare, explain_many, likeness
    from explain.sources.models import Local, Remote
    from explain.sources.source import Function, Source

__all__ = [
    "Aggregate",
    "Attack",
    "ExplainError",
    "Explanation",
    "Function",
    "Local",
    "Map",
    "ModelError",
    "Patches",
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
    "likeness",
    "read_image",
    "slic",
    "stretches",
    "tokens",
]

_HOME = {
    "explain": "api",
    "Attack": "attacks",
    "attack": "attacks",
    "Patches": "parts.baselines",
    "ExplainError": "errors",
    "ModelError": "errors",
    "RequestError": "errors",
    "Explanation": "report.explanation",
    "read_image": "parts.images",
    "Map": "parts.maps",
    "columns": "parts.maps",
    "grid": "parts.maps",
    "stretches": "parts.maps",
    "tokens": "parts.maps",
    "Local": "sources.models",
    "Remote": "sources.models",
    "Quality": "quality.measures",
    "felzenszwalb": "parts.segments",
    "slic": "parts.segments",
    "Aggregate": "several",
    "aggregate": "several",
    "compare": "several",
    "explain_many": "several",
    "likeness": "several",
    "Function": "sources.source",
    "Source": "sources.source",
    "cells": "parts.spectrum",
    "Trust": "quality.verdict",
}


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
