"""The named arguments of `zoo.train`, told apart: the recipe's parameters, options, and networks of the user's."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple, get_args, get_origin

import keras
import numpy as np

from zoo.core.config import ReadConfig, TrainConfig
from zoo.core.errors import UserError, unknown
from zoo.core.registry import Recipe

TRAINING = tuple(field.name for field in dataclasses.fields(TrainConfig))
"""The options of training, as `zoo train --help` has them."""
READING = ("size", "channels", *(field.name for field in dataclasses.fields(ReadConfig)))
"""The options of reading data, as `zoo.data.load` has them."""


class Arguments(NamedTuple):
    """By kind, each by name."""

    parameters: dict[str, Any]
    training: dict[str, Any]
    reading: dict[str, Any]
    networks: dict[str, keras.Model]


def sort(made: Recipe, given: Mapping[str, Any]) -> Arguments:
    """Tells arguments apart by name, and networks by type. A name that is also the recipe's is the recipe's.

    Errors: UserError for an unknown name, with the nearest, and a parameter of a wrong type.
    """
    networks = {name: value for name, value in given.items() if isinstance(value, keras.Model)}
    others = {name: _plain(value) for name, value in given.items() if name not in networks}
    found = Arguments({}, {}, {}, networks)
    for name, value in others.items():
        if name in made.parameters:
            _check(made, name, value)
            found.parameters[name] = value
        elif name in TRAINING:
            found.training[name] = value
        elif name in READING:
            found.reading[name] = value
        else:
            known = {*made.parameters, *TRAINING, *READING}
            raise unknown(f"parameter of {made.name} or option", name, known)
    return found


def _plain(value: Any) -> Any:
    """A value as a run's configuration keeps it: no numbers of numpy's, tuples instead of lists."""
    if isinstance(value, np.generic):
        return value.item()
    return tuple(map(_plain, value)) if isinstance(value, list | tuple | np.ndarray) else value


def _check(made: Recipe, name: str, value: Any) -> None:
    wanted = made.parameters[name].annotation
    if not _is(value, wanted):
        shown = str(wanted) if get_args(wanted) else getattr(wanted, "__name__", str(wanted))
        raise UserError(f"{name} of {made.name} is of the type {shown}; received {value!r}.")


def _is(value: Any, wanted: Any) -> bool:
    """Whether a value is of a parameter's type, as far as that is one of those that the command line takes."""
    if get_origin(wanted) is tuple:
        return isinstance(value, tuple) and all(_is(item, get_args(wanted)[0]) for item in value)
    if wanted in (int, float):
        return isinstance(value, int if wanted is int else (int, float)) and not isinstance(value, bool)
    return isinstance(value, wanted) if wanted in (bool, str) else True
