"""Data in memory: arrays, tables and tf.data.Datasets of a Python program."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.data.dataset import Data, Examples, in_memory
from zoo.data.errors import DataError
from zoo.data.form import Format
from zoo.data.sources import domains, npz, tables

NAME = "array"
"""Of data that has no name of its own."""


def of(data: Any, labels: Any, form: Format, name: str = NAME) -> Data:
    """Examples in memory, and their labels. See `zoo.data.of`."""
    if isinstance(data, tf.data.Dataset):
        data, found = read(data)
        labels = found if labels is None else labels
    if hasattr(data, "columns") and hasattr(data, "dtypes"):
        return _table(data, labels, form, name)
    if isinstance(labels, str):
        raise DataError(f"labels={labels!r} names a column, and {name} is no DataFrame. Give an array (N,).")
    if isinstance(data, Mapping) and set(data) == {"a", "b"}:
        return _domains(data, labels, form, name)
    if isinstance(data, Mapping):
        arrays = {str(key): _array(x, f"{key!r} of {name}") for key, x in data.items()}
        return npz.of(name, arrays if labels is None else {**arrays, "label": _array(labels, "labels")}, form)
    given = None if labels is None else _array(labels, "labels")
    return in_memory(name, Examples(_array(data, name), given), form)


def _array(data: Any, what: str) -> np.ndarray:
    try:
        array = np.asarray(data)
    except ValueError:  # rows of different lengths
        array = np.array(None)
    if array.ndim and array.dtype == object and all(isinstance(value, str) for value in array.ravel()):
        return array.astype(np.str_)
    if array.dtype == object or not array.ndim:
        raise DataError(f"{what} is no array: {type(data).__name__}. Give examples (N, ...) of one shape.")
    return array


def _table(frame: Any, labels: Any, form: Format, name: str) -> Data:
    """A DataFrame; labels are a column of it, by name, or an array."""
    if labels is None:
        return tables.of(name, frame, form)
    if isinstance(labels, str):
        return tables.of(name, frame, dataclasses.replace(form, label=labels))
    if "label" in frame:
        raise DataError(f"{name} has a column 'label' already. Say labels='label', or rename it.")
    return tables.of(name, frame.assign(label=_array(labels, "labels")), dataclasses.replace(form, label="label"))


def _domains(data: Mapping[str, Any], labels: Any, form: Format, name: str) -> Data:
    """Two domains of images; the second gets the size and colours of the first."""
    one = of(data["a"], labels, form, f"a of {name}")
    if one.spec.targets != ("image",):
        raise DataError(f"{name} has {one.spec.feature.describe()}; domains are of images.")
    height, width, channels = one.spec.shape
    two = of(data["b"], None, dataclasses.replace(form, size=(height, width), channels=channels), f"b of {name}")
    return domains.combined(name, one, two)


def read(dataset: tf.data.Dataset) -> tuple[Any, Any]:
    """The examples and the labels of a Dataset whose elements are x, (x, label) or a mapping, which has its own labels.

    Labels are None where there are none. Batches of a size that varies are taken apart. Errors: DataError for other
    elements, and for a Dataset without an end.
    """
    spec = dataset.element_spec
    parts = tf.nest.flatten(spec)
    if (isinstance(spec, tuple) and len(spec) != 2) or not all(isinstance(part, tf.TensorSpec) for part in parts):
        raise DataError(f"A Dataset's elements are x, (x, label) or mappings of arrays; these are {spec}. `map` them.")
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise DataError("This Dataset has no end. Use `take`, or leave out `repeat`.")
    if parts[0].shape.rank and parts[0].shape[0] is None:
        dataset = dataset.unbatch()
    rows = list(dataset.as_numpy_iterator())
    if not rows:
        raise DataError("This Dataset is empty. Add examples.")
    if isinstance(spec, Mapping):
        return {name: np.stack([row[name] for row in rows]) for name in spec}, None
    if isinstance(spec, tuple):
        return np.stack([x for x, _ in rows]), np.stack([y for _, y in rows])
    return np.stack(rows), None
