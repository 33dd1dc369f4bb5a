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
    from explain.errors import ExplainError, ModelError, RequestError
    from explain.explanation import Explanation
    from explain.images import read_image
    from explain.maps import Map, grid
    from explain.models import Local, Remote
    from explain.sources import Function, Source

__all__ = [
    "ExplainError",
    "Explanation",
    "Function",
    "Local",
    "Map",
    "ModelError",
    "Remote",
    "RequestError",
    "Source",
    "explain",
    "grid",
    "read_image",
]

_HOME = {
    "explain": "api",
    "ExplainError": "errors",
    "ModelError": "errors",
    "RequestError": "errors",
    "Explanation": "explanation",
    "Map": "maps",
    "grid": "maps",
    "read_image": "images",
    "Local": "models",
    "Remote": "models",
    "Function": "sources",
    "Source": "sources",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"explain.{_HOME[name]}"), name)
