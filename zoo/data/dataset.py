"""What every source of data becomes."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from zoo.core.model import Spec
from zoo.data.errors import DataError
from zoo.data.images import Format, conform, finite, stored
from zoo.data.splits import Arrays, Split, held_out


@dataclass(frozen=True, eq=False)
class Scaling:
    """The linear map of a table's columns to [-1, 1]. `low` and `high`, float64 (F,), are the training rows'.

    A held-out value beyond them leaves [-1, 1]. A column of one value becomes 0.
    """

    low: np.ndarray
    high: np.ndarray

    def scale(self, x: np.ndarray) -> np.ndarray:
        """Rows (N, F) in the table's own units -> float32 (N, F)."""
        span = self.high - self.low
        middle = self.low + span / 2
        return (2.0 * (x - middle) / np.where(span > 0, span, 1.0)).astype(np.float32)

    def unscale(self, x: np.ndarray) -> np.ndarray:
        """Rows (N, F) in [-1, 1] -> float64 (N, F) in the table's own units."""
        return self.low + (x.astype(np.float64) + 1.0) / 2.0 * (self.high - self.low)


@dataclass(frozen=True, eq=False)
class Data:
    """A data set, ready to be trained on.

    Attributes:
      name: what was asked for.
      spec: the shape of an example, and the number of classes.
      train: what models learn from.
      test: the set's own test split, or else every tenth example of each class.
      class_names: in the order of the labels; empty where they have none but their numbers.
      scaling: of a table's columns; None for images.
    """

    name: str
    spec: Spec
    train: Split
    test: Split
    class_names: tuple[str, ...] = ()
    scaling: Scaling | None = None


class Examples(NamedTuple):
    """Raw arrays: `x` (N, ...); `labels` (N,) or None; `test`, bool (N,): the set's own split, or None."""

    x: np.ndarray
    labels: np.ndarray | None = None
    test: np.ndarray | None = None


def joined(train: tuple[np.ndarray, np.ndarray | None], test: tuple[np.ndarray, np.ndarray | None]) -> Examples:
    """Two splits, each (x, labels), as one."""
    labels = None if train[1] is None or test[1] is None else np.concatenate([train[1], test[1]])
    mask = np.arange(len(train[0]) + len(test[0])) >= len(train[0])
    return Examples(np.concatenate([train[0], test[0]]), labels, mask)


def in_memory(name: str, examples: Examples, form: Format) -> Data:
    """Data of arrays: (N, F) is a table, everything else images or videos.

    Errors: DataError for arrays that are empty or no images, and labels that do not fit.
    """
    x = examples.x
    if not x.size:
        raise DataError(f"{name} has no examples (shape {x.shape}). Add some.")
    labels, classes = checked(examples.labels, len(x), name)
    test = held_out(labels) if examples.test is None else examples.test
    scaling = None
    if x.ndim == 2:
        if form != Format():
            raise DataError(f"{name} is a table of {x.shape[1]} columns; size and channels are for images. Omit them.")
        if x.dtype.kind not in "iufb":
            raise DataError(f"{name} holds values of type {x.dtype}; a table has numbers. Encode the columns first.")
        finite(x, name)
        rows = x[~test].astype(np.float64)
        scaling = Scaling(rows.min(axis=0), rows.max(axis=0))
        x = scaling.scale(x)
    else:
        x = stored(x, name)
        x = conform(x, form.shape([(name, x.shape[-3:])]))
    train, held = (Arrays(x[rows], labels[rows]) for rows in (~test, test))
    return Data(name, Spec(x.shape[1:], classes), train, held, scaling=scaling)


def checked(labels: np.ndarray | None, count: int, what: str) -> tuple[np.ndarray, int]:
    """Labels as int64 (N,), zeros for None, and the number of classes, 0 for None.

    Errors: DataError unless they are one whole number, 0 to K - 1, for each of `count` examples.
    """
    if labels is None:
        return np.zeros(count, np.int64), 0
    if labels.shape != (count,):
        hot = " These look one-hot: use argmax(axis=1)." if labels.ndim == 2 and len(labels) == count else ""
        raise DataError(f"The labels of {what} have the shape {labels.shape}; {(count,)} fits its examples.{hot}")
    whole = labels.dtype.kind in "iu" or (labels.dtype.kind == "f" and np.all(labels == np.rint(labels)))
    if not whole or labels.min() < 0 or labels.max() >= count:
        raise DataError(
            f"The labels of {what} are not numbers 0 to K - 1 (type {labels.dtype}, first {labels[0]!s}). "
            "np.unique(labels, return_inverse=True)[1] makes them so."
        )
    return labels.astype(np.int64), int(labels.max()) + 1


def chosen(items: Sequence, mask: np.ndarray) -> list:
    """Those items whose entry in `mask`, bool (N,), is true."""
    return [item for item, take in zip(items, mask, strict=True) if take]


def package(module: str, name: str) -> Any:
    """The module of the package `name`, with which a set comes. Errors: DataError where it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DataError(f"This set comes with {name}, which is missing ({error}). pip install {name}.") from None
