"""Evaluators by name: classifiers whose features of samples and of real examples are compared.

    load("mnist-5k").features(images)

The weights for the built-in data sets are in this package, made by `zoo evaluator train`. Only scores of evaluators
with the same hash can be compared.
"""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from zoo.core.errors import UserError, unknown
from zoo.evaluation.evaluators.evaluator import Evaluator, read, write
from zoo.evaluation.evaluators.inception import inception

__all__ = ["Evaluator", "for_data", "identity_for", "load", "names", "read", "write"]

WEIGHTS = Path(__file__).parent / "weights"
_LIKE: Mapping[str, str] = {"mnist": "mnist-5k"}
"""Data sets with the classes of another one, whose evaluator is theirs."""


def names() -> list[str]:
    """The data sets that have their own evaluator in this package."""
    return sorted(path.stem for path in WEIGHTS.glob("*.npz"))


_packaged = cache(read)


def load(name: str) -> Evaluator:
    """The evaluator of a built-in data set, of a file that `zoo evaluator train` wrote, or `inception`.

    Errors: UserError for an unknown name, a file that is no evaluator, or Inception's weights offline.
    """
    if name == "inception":
        return inception()
    known = WEIGHTS / f"{_LIKE.get(name, name)}.npz"
    if known.is_file():
        return _packaged(known)
    path = Path(name).expanduser()
    if path.is_file() and path.suffix == ".npz":
        return read(path)
    if path.suffix == ".npz" or len(path.parts) > 1:
        raise UserError(f"There is no evaluator {name}. `zoo evaluator train DATA --out {name}` makes one.")
    raise unknown("evaluator", name, [*names(), *_LIKE, "inception"])


def for_data(name: str) -> Evaluator:
    """The evaluator of a built-in data set. For other data it is Inception, and a line on stderr says so.

    Errors: UserError where Inception's weights cannot be fetched.
    """
    if name in (*names(), *_LIKE):
        return load(name)
    print(
        f"{name} has no evaluator: the features are those of Inception, which was trained on photographs. If {name} "
        "has labels, `zoo evaluator train` makes an evaluator for it.",
        file=sys.stderr,
    )
    return load("inception")


def identity_for(name: str) -> str | None:
    """The evaluator of a data set, as NAME HASH; None where there is none."""
    try:
        return load(name).identity
    except UserError:
        return None
