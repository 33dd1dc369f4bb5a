"""LIME for any served or local model. Never imports zoo.

    from explain import Remote, explain
    with Remote("127.0.0.1:8500", "dcgan") as source:
        explain(source, image).save("why.png")

Importing this package is cheap: each name is fetched from its module when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explain.adversarial import Attack, attack
    from explain.api import explain
    from explain.baselines import Patches
    from explain.errors import ExplainError, ModelError, RequestError
    from explain.explanation import Explanation
    from explain.images import read_image
    from explain.maps import Map, columns, grid, stretches, tokens
    from explain.models import Local, Remote
    from explain.quality import Quality
    from explain.segments import felzenszwalb, slic
    from explain.several import Aggregate, aggregate, compare, explain_many, likeness
    from explain.sources import Function, Source
    from explain.spectrum import cells
    from explain.verdict import Trust

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
    "Attack": "adversarial",
    "attack": "adversarial",
    "Patches": "baselines",
    "ExplainError": "errors",
    "ModelError": "errors",
    "RequestError": "errors",
    "Explanation": "explanation",
    "read_image": "images",
    "Map": "maps",
    "columns": "maps",
    "grid": "maps",
    "stretches": "maps",
    "tokens": "maps",
    "Local": "models",
    "Remote": "models",
    "Quality": "quality",
    "felzenszwalb": "segments",
    "slic": "segments",
    "Aggregate": "several",
    "aggregate": "several",
    "compare": "several",
    "explain_many": "several",
    "likeness": "several",
    "Function": "sources",
    "Source": "sources",
    "cells": "spectrum",
    "Trust": "verdict",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"explain.{_HOME[name]}"), name)
