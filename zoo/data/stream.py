"""Examples that can only be read in order, as a split."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import tensorflow as tf

from zoo.core.model import Batch
from zoo.data.images import normalise
from zoo.data.parallel import THREADS
from zoo.data.plan import FOREVER, Plan
from zoo.data.splits import Split, options, read_all


@final
@dataclass(frozen=True, eq=False)
class Stream(Split):
    """Encoded images that can only be read in order.

    They are shuffled through a buffer of `buffer` examples, still encoded: a full permutation of smaller sets. What
    came before `first_step` in its epoch, or belongs to another worker, is read but not decoded.

    Attributes:
      source: yields mappings by feature name, always in the same order; that of `name` is encoded, a string.
      read: bytes -> uint8 (H, W, C). Errors: DataError.
      size: how many examples `source` has.
      name: of the feature that is decoded.
      shape: (H, W, C) of every image.
    """

    source: tf.data.Dataset
    read: Callable[[bytes], np.ndarray]
    size: int
    name: str
    shape: tuple[int, ...]
    buffer: int = 5_000

    @property
    def count(self) -> int:
        """How many there are."""
        return self.size

    def arrays(self, limit: int | None = None) -> dict[str, np.ndarray]:
        """See Split."""
        chosen = self.source if limit is None else self.source.take(limit)
        rows = list(chosen.with_options(options()).as_numpy_iterator())
        read = normalise(read_all(self.read, [row[self.name] for row in rows], self.shape))
        others = {name: np.array([row[name] for row in rows]) for name in self.source.element_spec if name != self.name}
        return {self.name: read} | others

    def labels(self) -> np.ndarray | None:
        """See Split."""
        return None

    def identity(self) -> bytes:
        """See Split: here of the number of examples alone."""
        return str(self.size).encode()

    def _dataset(self, plan: Plan) -> tf.data.Dataset:
        start, skipped = divmod(plan.first_step, plan.per_epoch)

        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            examples = self.source
            if plan.shuffle:
                # Within this function it seeds its graph alone: the process's seed has no say. Zero would not do,
                # since tf.data compares the pair of seeds with (0, 0) in Python.
                tf.random.set_seed(1 + plan.seed % 2**30)
                examples = examples.shuffle(self.buffer, seed=number, reshuffle_each_iteration=False)
            done = tf.where(number == start, skipped * plan.batch_size, 0)
            return examples.take(plan.per_epoch * plan.batch_size).skip(tf.cast(done, tf.int64))

        def own(place: tf.Tensor, _: Any) -> tf.Tensor:
            return place % plan.batch_size // plan.own == plan.share[0]

        def batch(rows: Batch) -> Batch:
            encoded = rows[self.name]
            x = tf.numpy_function(lambda e: read_all(self.read, e, self.shape), [encoded], tf.uint8, stateful=False)
            return {**rows, self.name: normalise(tf.ensure_shape(x, (plan.own, *self.shape)))}

        rows = tf.data.Dataset.range(start, FOREVER).flat_map(epoch)
        rows = rows.enumerate().filter(own).map(lambda _, row: row).batch(plan.own, drop_remainder=True)
        return rows.take(plan.last - plan.first_step).map(batch, num_parallel_calls=THREADS, deterministic=True)
