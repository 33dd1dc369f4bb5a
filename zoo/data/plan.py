"""Which examples make which batch.

The order is a function of the seed and the epoch alone. So a run resumes at any step, and every worker of a
cluster finds its own rows, without reading what it does not need.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import tensorflow as tf

from zoo.core.model import Batch
from zoo.data.errors import DataError

FOREVER = 2**62
"""More steps than anyone takes."""


@final
@dataclass(frozen=True)
class Plan:
    """Which rows belong to which step; see `Split.batches` for the fields."""

    count: int
    batch_size: int
    seed: int
    first_step: int
    steps: int | None
    share: tuple[int, int]
    shuffle: bool

    def __post_init__(self) -> None:
        size, (worker, workers) = self.batch_size, self.share
        if size < 1 or self.first_step < 0 or not 0 <= worker < workers:
            raise ValueError(f"batch_size >= 1, first_step >= 0 and share=(w, n) with 0 <= w < n, not {self}.")
        if self.count < size:
            raise DataError(
                f"There are {self.count} examples, fewer than a batch of {size}. "
                + (f"Lower the batch size to {self.count} or less." if self.count else "Add examples.")
            )
        if size % workers:
            raise DataError(
                f"A batch of {size} does not divide among {workers} workers. "
                f"Make the batch size a multiple of {workers}, as {-(-size // workers) * workers}."
            )

    @property
    def per_epoch(self) -> int:
        """Steps in an epoch. What does not fill a batch is left out: others in every shuffled epoch."""
        return self.count // self.batch_size

    @property
    def own(self) -> int:
        """Rows of each batch that are this worker's."""
        return self.batch_size // self.share[1]

    @property
    def last(self) -> int:
        """The step before which the stream ends."""
        return FOREVER if self.steps is None else self.first_step + self.steps

    def batches(self, batch: Callable[[tf.Tensor], Batch], parallel: int) -> tf.data.Dataset:
        """`batch` of this worker's rows (own,) of each step, in order."""
        steps = tf.data.Dataset.range(self.first_step, self.last)
        return steps.map(lambda step: batch(self._rows(step)), num_parallel_calls=parallel, deterministic=True)

    def _rows(self, step: tf.Tensor) -> tf.Tensor:
        epoch, turn = step // self.per_epoch, step % self.per_epoch
        places = turn * self.batch_size + self.share[0] * self.own + tf.range(self.own, dtype=tf.int64)
        if not self.shuffle:
            return places
        # tf.random.experimental.index_shuffle has 4 rounds: too few, neighbours stay neighbours three times
        # too often.
        return tf.raw_ops.RandomIndexShuffle(
            index=places,
            seed=tf.stack([tf.constant(self.seed, tf.int64), epoch, tf.constant(0, tf.int64)]),
            max_index=tf.constant(self.count - 1, tf.int64),
            rounds=8,
        )
