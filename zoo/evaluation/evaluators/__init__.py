"""Evaluators by name: classifiers in whose features samples are judged.

    load("mnist-5k").features(images)

Those of the built-in sets have their weights in this package, made by `zoo evaluator train`. Scores are comparable
under one evaluator's hash alone.
"""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from zoo.core.errors import UserError, unknown
from zoo.evaluation.evaluators.evaluator import Evaluator, read, write
from zoo.evaluation.evaluators.inception import inception

__all__ = ["Evaluator", "for_data", "load", "names", "read", "write"]

WEIGHTS = Path(__file__).parent / "weights"
_LIKE: Mapping[str, str] = {"mnist": "mnist-5k"}
"""Sets of the same classes as another: its evaluator's."""


def names() -> list[str]:
    """The data sets that have an evaluator of their own in this package."""
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
    """The evaluator of a built-in data set; for any other data Inception, which knows nothing of it, and says so.

    Errors: UserError where Inception's weights cannot be fetched; it names the repair.
    """
    if name in (*names(), *_LIKE):
        return load(name)
    print(
        f"{name} has no evaluator of its own: Inception's features are used, made for photographs. Where it has "
        "labels, `zoo evaluator train` makes one that fits.",
        file=sys.stderr,
    )
    return load("inception")
