"""What every source of data becomes."""

import hashlib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.core import features
from zoo.core.columns import Column
from zoo.core.features import Feature, Spec
from zoo.data.errors import DataError
from zoo.data.images import Format, conform, finite, stored
from zoo.data.splits import Arrays, Split, held_out


@dataclass(frozen=True, eq=False)
class Data:
    """A data set, ready to be trained on.

    Attributes:
      name: what was asked for.
      spec: the features of an example, with the names of classes and the columns of a table.
      train: what models learn from.
      test: the set's own test split, or else every tenth example of each class.
    """

    name: str
    spec: Spec
    train: Split
    test: Split

    @property
    def fingerprint(self) -> str:
        """Tells whether data has changed: how many examples there are, and a hash of the first."""
        digest = hashlib.sha256()
        for split in (self.train, self.test):
            for name, values in split.arrays(16).items():
                digest.update(name.encode() + np.ascontiguousarray(values).tobytes())
        return f"{self.train.count} + {self.test.count} examples, {digest.hexdigest()[:12]}"


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


def in_memory(name: str, examples: Examples, form: Format, classes: Sequence[str] = ()) -> Data:
    """Data of arrays: (N, F) is a table, everything else images or videos.

    Args:
      classes: names of the classes; their numbers where there are none.

    Errors: DataError for arrays that are empty or no images, and labels that do not fit.
    """
    x = examples.x
    if not x.size:
        raise DataError(f"{name} has no examples (shape {x.shape}). Add some.")
    labels = None if examples.labels is None else checked(examples.labels, len(x), name)
    test = held_out(labels, len(x)) if examples.test is None else examples.test
    if x.ndim == 2:
        if form != Format():
            raise DataError(f"{name} is a table of {x.shape[1]} columns; size and channels are for images. Omit them.")
        target, x = tabular(x, test, name)
    else:
        x = stored(x, name)
        x = conform(x, form.shape([(name, x.shape[-3:])]))
        target = features.image(*x.shape[1:]) if x.ndim == 4 else features.video(*x.shape[1:])
    arrays = {target.kind: x} if labels is None else {target.kind: x, "label": labels}
    train, held = (Arrays({key: a[rows] for key, a in arrays.items()}) for rows in (~test, test))
    return Data(name, spec_of(target, labels, classes), train, held)


def spec_of(target: Feature, labels: np.ndarray | None, classes: Sequence[str] = ()) -> Spec:
    """The features of examples with this target, and with these labels, int64 (N,), where there are any."""
    if labels is None:
        return Spec.of(target)
    return Spec.of(target, classes or int(labels.max()) + 1)


def tabular(x: np.ndarray, test: np.ndarray, what: str) -> tuple[Feature, np.ndarray]:
    """Rows (N, F) in the table's own units as a feature and float32 (N, F).

    The training rows' lowest and highest values are -1 and 1; a held-out value beyond them leaves [-1, 1]. A column of
    one value becomes 0. Errors: DataError for anything but numbers.
    """
    if x.dtype.kind not in "iufb":
        raise DataError(f"{what} holds values of type {x.dtype}; a table has numbers. Encode the columns first.")
    finite(x, what)
    rows, whole = x[~test].astype(np.float64), x.dtype.kind in "iub"
    ends = zip(rows.min(axis=0), rows.max(axis=0), strict=True)
    columns = [
        Column(f"column_{i}", low=float(low), high=float(high), whole=whole) for i, (low, high) in enumerate(ends)
    ]
    encoded = [column.encode(tf.constant(x[:, i].astype(np.float64))).numpy() for i, column in enumerate(columns)]
    return features.table(columns), np.concatenate(encoded, axis=1)


def checked(labels: np.ndarray, count: int, what: str) -> np.ndarray:
    """Labels as int64 (N,).

    Errors: DataError unless they are one whole number, 0 to K - 1, for each of `count` examples.
    """
    if labels.shape != (count,):
        hot = " These look one-hot: use argmax(axis=1)." if labels.ndim == 2 and len(labels) == count else ""
        raise DataError(f"The labels of {what} have the shape {labels.shape}; {(count,)} fits its examples.{hot}")
    whole = labels.dtype.kind in "iu" or (labels.dtype.kind == "f" and np.all(labels == np.rint(labels)))
    if not whole or labels.min() < 0 or labels.max() >= count:
        raise DataError(
            f"The labels of {what} are not numbers 0 to K - 1 (type {labels.dtype}, first {labels[0]!s}). "
            "np.unique(labels, return_inverse=True)[1] makes them so."
        )
    return labels.astype(np.int64)


def chosen(items: Sequence, mask: np.ndarray) -> list:
    """Those items whose entry in `mask`, bool (N,), is true."""
    return [item for item, take in zip(items, mask, strict=True) if take]


def package(module: str, name: str) -> Any:
    """The module of the package `name`, with which a set comes. Errors: DataError where it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DataError(f"This set comes with {name}, which is missing ({error}). pip install {name}.") from None
