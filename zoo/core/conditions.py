"""Values to generate examples for where nobody gives any: in previews, scores and tests."""

import tensorflow as tf

from zoo.core.columns import Column
from zoo.core.features import Feature, Spec
from zoo.core.model import Batch
from zoo.core.random import Seed

_SIDE = 12
"""Of an example, where a side of its feature varies."""


def example_values(feature: Feature, count: int | tf.Tensor) -> tf.Tensor:
    """Values (count, *shape) of a feature, as a model sees them; row i depends on i alone.

    A label is each class in turn, tokens are words in turn, and of other whole numbers every one is i. Columns of
    categories and flags have each value in turn. All other numbers are uniform in [-1, 1].
    """
    rows = tf.range(tf.cast(count, tf.int64), dtype=tf.int64)
    if feature.kind == "label":
        return rows % max(1, len(feature.names))
    shape = tuple(_SIDE if side is None else side for side in feature.shape)
    if feature.kind == "tokens":
        return (rows[:, None] + tf.range(shape[0], dtype=tf.int64)) % max(1, len(feature.names)) + 1
    if feature.dtype == "int64":
        return tf.tile(tf.reshape(rows, (-1, *[1] * len(shape))), (1, *shape))
    seed = Seed.of(rows).fold("example")
    if feature.kind == "table":
        return tf.concat([_column(c, rows, seed.fold(c.name)) for c in feature.columns], axis=1)
    return seed.uniform(shape, -1.0, 1.0)


def _column(column: Column, rows: tf.Tensor, seed: Seed) -> tf.Tensor:
    """Values (B, width) of a table's column."""
    if column.type == "category":
        return 2.0 * tf.one_hot(rows % column.width, column.width) - 1.0
    if column.type == "flag":
        return 2.0 * tf.cast(rows % 2, tf.float32)[:, None] - 1.0
    return seed.uniform((1,), -1.0, 1.0)


def example_conditions(spec: Spec, count: int | tf.Tensor, examples: Batch | None = None) -> dict[str, tf.Tensor]:
    """Values (count, *shape) of every feature that a conditional model is given, by name.

    A label is each class in turn. Everything else is taken from `examples`, in turn, where they have it, since few
    captions or ages that are made up are like the data's; otherwise it is as in `example_values`.
    """
    known = examples or {}
    return {
        name: _in_turn(known[name], count)
        if name in known and spec.features[name].kind != "label"
        else example_values(spec.features[name], count)
        for name in spec.condition
    }


def _in_turn(values: tf.Tensor, count: int | tf.Tensor) -> tf.Tensor:
    values = tf.convert_to_tensor(values)
    return tf.gather(values, tf.range(count) % tf.shape(values)[0])
