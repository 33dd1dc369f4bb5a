"""Data in memory: arrays and tf.data.Datasets of a Python program."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.data.dataset import Data, Examples, in_memory
from zoo.data.errors import DataError
from zoo.data.form import Format

NAME = "array"
"""Of data that has no name of its own."""


def of(data: Any, labels: Any, form: Format, name: str = NAME) -> Data:
    """Examples in memory, and their labels. See `zoo.data.of`."""
    if isinstance(data, tf.data.Dataset):
        data, found = read(data)
        labels = found if labels is None else labels
    x = np.asarray(data)
    if x.dtype == object:
        raise DataError(f"{name} is no array of numbers: {type(data).__name__}. Give examples of one shape.")
    given = None if labels is None else np.asarray(labels)
    return in_memory(name, Examples(x, given), form)


def read(dataset: tf.data.Dataset) -> tuple[Any, Any]:
    """The examples and the labels of a Dataset whose elements are x, or (x, label); None where there are no labels.

    Batches of a size that varies are taken apart. Errors: DataError for other elements, and for one without an end.
    """
    spec = dataset.element_spec
    if isinstance(spec, Mapping) or (isinstance(spec, tuple) and len(spec) != 2):
        raise DataError(f"A Dataset's elements are x or (x, label); these are {spec}. Use `map` to make them so.")
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise DataError("This Dataset has no end. Use `take`, or leave out `repeat`.")
    first = spec[0] if isinstance(spec, tuple) else spec
    if first.shape.rank and first.shape[0] is None:
        dataset = dataset.unbatch()
    rows = list(dataset.as_numpy_iterator())
    if not rows:
        raise DataError("This Dataset is empty. Add examples.")
    if isinstance(spec, tuple):
        return np.stack([x for x, _ in rows]), np.stack([y for _, y in rows])
    return np.stack(rows), None
