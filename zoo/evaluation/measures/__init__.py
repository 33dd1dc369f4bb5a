"""Measures: one number of a trained model on data that it has not seen. Claims name them (zoo/core/claims.py).

A measure takes a TrainedModel and returns a float. A baseline is the same measure of something that the zoo does not
train: PCA, a median filter, bicubic interpolation.
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any

from zoo.core.errors import unknown
from zoo.evaluation.models import TrainedModel

__all__ = ["Measure", "baseline", "baselines", "get", "measure", "measures"]

Measure = Callable[[TrainedModel], float]
_MEASURES: dict[str, Measure] = {}
_BASELINES: dict[tuple[str, str], Measure] = {}


def measure(function: Measure) -> Measure:
    """Registers a measure under its own name."""
    _MEASURES[function.__name__] = function
    return function


def baseline(measure: str, name: str) -> Callable[[Measure], Measure]:
    """Registers the value of `measure` for the baseline `name`, which may depend on the trained model's sizes."""

    def register(function: Measure) -> Measure:
        _BASELINES[measure, name] = function
        return function

    return register


@functools.cache
def _loaded() -> None:
    package: Any = importlib.import_module("zoo.evaluation.measures")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"zoo.evaluation.measures.{module.name}")


def measures() -> Mapping[str, Measure]:
    """All measures by name."""
    _loaded()
    return dict(_MEASURES)


def baselines(measure: str) -> Mapping[str, Measure]:
    """The baselines of a measure by name."""
    _loaded()
    return {name: function for (of, name), function in _BASELINES.items() if of == measure}


def get(name: str) -> Measure:
    """The measure of this name. Errors: UserError with the known names."""
    if name not in measures():
        raise unknown("measure", name, measures())
    return measures()[name]
