"""Splits: examples in memory, on disk or in a stream, as one endless sequence of batches.

zoo.data.plan decides which examples make which batch.
"""

import abc
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
import tensorflow as tf

from zoo.core.model import Batch
from zoo.data.errors import DataError
from zoo.data.images import normalise
from zoo.data.plan import FOREVER, Plan

_AHEAD = 2
"""Batches made ahead of use."""
_KEEP = 2**30
"""Bytes of decoded images that a split keeps at most."""
_PARALLEL = min(4, os.cpu_count() or 1)


class Split(abc.ABC):
    """Some examples of a data set."""

    @property
    @abc.abstractmethod
    def count(self) -> int:
        """How many there are."""

    @abc.abstractmethod
    def arrays(self, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The first `limit` examples, or all, in order: float32 (N, *shape) in [-1, 1] and int64 (N,).

        Errors: DataError if one cannot be read.
        """

    @abc.abstractmethod
    def _dataset(self, plan: Plan) -> tf.data.Dataset:
        """The batches of a plan."""

    @final
    def batches(
        self,
        batch_size: int,
        *,
        seed: int,
        first_step: int = 0,
        steps: int | None = None,
        share: tuple[int, int] = (0, 1),
        shuffle: bool = True,
    ) -> tf.data.Dataset:
        """A tf.data.Dataset of Batch, epoch after epoch: one iterator reads it for a whole run.

        Args:
          batch_size: rows of a global batch. An epoch has count // batch_size of them.
          seed: decides, with the epoch, in which order the examples come.
          first_step: where to start; equal to dropping so many batches, without decoding them.
          steps: how many batches; without end if None.
          share: (w, n) gives the w-th of n equal, contiguous parts of every global batch.
          shuffle: a new permutation every epoch, or always the stored order.

        Errors: DataError if an epoch would have no batch, or a batch does not divide. A file that turns out
        to be broken later is tf.data's own error; `zoo.data.raised_in` finds the DataError in it.
        """
        plan = Plan(self.count, batch_size, seed, first_step, steps, share, shuffle)
        return self._dataset(plan).prefetch(_AHEAD).with_options(_options())


def _options() -> tf.data.Options:
    """The autotuner is off: it may sleep when an iterator is destroyed. So threads are counted by hand."""
    options = tf.data.Options()
    options.autotune.enabled = False
    options.deterministic = True
    options.threading.private_threadpool_size = _PARALLEL
    options.threading.max_intra_op_parallelism = 1
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return options


@final
@dataclass(frozen=True, eq=False)
class Arrays(Split):
    """Examples in memory, shuffled completely.

    `x` (N, *shape) is uint8, or float32 in [-1, 1]; `labels` is int64 (N,).
    """

    x: np.ndarray
    labels: np.ndarray

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.x)

    def arrays(self, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """See Split."""
        return normalise(self.x[:limit]), self.labels[:limit]

    def _dataset(self, plan: Plan) -> tf.data.Dataset:
        with tf.device("/CPU:0"):
            x, labels = tf.constant(self.x), tf.constant(self.labels)
        return plan.batches(lambda rows: Batch(normalise(tf.gather(x, rows)), tf.gather(labels, rows)), _PARALLEL)


@final
@dataclass(frozen=True, eq=False)
class Disk(Split):
    """Images that are decoded when their turn first comes, and kept while all fit into 1 GiB. Shuffled completely.

    Attributes:
      sources: where each image is, in whatever form `read` takes.
      read: source -> uint8 (H, W, C). Errors: DataError, which names the source.
      labels: int64 (N,).
      shape: (H, W, C) of every image.
    """

    sources: Sequence[Any]
    read: Callable[[Any], np.ndarray]
    labels: np.ndarray
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.sources)

    def arrays(self, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """See Split."""
        rows = np.arange(self.count)[:limit]
        return normalise(self._decoded(rows)), self.labels[:limit]

    @cached_property
    def _kept(self) -> tuple[np.ndarray, np.ndarray]:
        """The images so far, (N, H, W, C), and which they are, bool (N,)."""
        return np.empty((self.count, *self.shape), np.uint8), np.zeros(self.count, bool)

    def _decoded(self, rows: np.ndarray) -> np.ndarray:
        if self.count * np.prod(self.shape) > _KEEP:
            return _read_all(self.read, [self.sources[row] for row in rows], self.shape)
        images, known = self._kept
        # Two threads may decode the same image: they write the same pixels.
        for row in rows[~known[rows]]:
            images[row] = self.read(self.sources[row])
            known[row] = True
        return images[rows]

    def _dataset(self, plan: Plan) -> tf.data.Dataset:
        labels = tf.constant(self.labels)

        def batch(rows: tf.Tensor) -> Batch:
            x = tf.numpy_function(self._decoded, [rows], tf.uint8, stateful=False)
            return Batch(normalise(tf.ensure_shape(x, (plan.own, *self.shape))), tf.gather(labels, rows))

        return plan.batches(batch, _PARALLEL)


@final
@dataclass(frozen=True, eq=False)
class Stream(Split):
    """Encoded images that can only be read in order.

    They are shuffled through a buffer of `buffer` examples, still encoded: a full permutation of smaller sets. What
    came before `first_step` in its epoch, or belongs to another worker, is read but not decoded.

    Attributes:
      source: yields (image bytes, int64 label), always in the same order.
      read: bytes -> uint8 (H, W, C). Errors: DataError.
      size: how many examples `source` has.
      shape: (H, W, C) of every image.
    """

    source: tf.data.Dataset
    read: Callable[[bytes], np.ndarray]
    size: int
    shape: tuple[int, ...]
    buffer: int = 5_000

    @property
    def count(self) -> int:
        """How many there are."""
        return self.size

    def arrays(self, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """See Split."""
        chosen = self.source if limit is None else self.source.take(limit)
        rows = list(chosen.with_options(_options()).as_numpy_iterator())
        images = _read_all(self.read, [image for image, _ in rows], self.shape)
        return normalise(images), np.array([label for _, label in rows], np.int64)

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

        def batch(encoded: tf.Tensor, labels: tf.Tensor) -> Batch:
            x = tf.numpy_function(lambda e: _read_all(self.read, e, self.shape), [encoded], tf.uint8, stateful=False)
            return Batch(normalise(tf.ensure_shape(x, (plan.own, *self.shape))), labels)

        rows = tf.data.Dataset.range(start, FOREVER).flat_map(epoch)
        rows = rows.enumerate().filter(own).map(lambda _, row: row).batch(plan.own, drop_remainder=True)
        return rows.take(plan.last - plan.first_step).map(batch, num_parallel_calls=_PARALLEL, deterministic=True)


def _read_all(read: Callable[[Any], np.ndarray], sources: Sequence[Any], shape: tuple[int, ...]) -> np.ndarray:
    out = np.empty((len(sources), *shape), np.uint8)
    for i, source in enumerate(sources):
        out[i] = read(source)
    return out


def held_out(labels: np.ndarray) -> np.ndarray:
    """Which examples are kept for testing: every tenth of each class, in order; at least one. bool (N,).

    Errors: DataError if there are fewer than two examples.
    """
    if len(labels) < 2:
        raise DataError(f"There is {len(labels)} example; at least two are needed, one of them for testing. Add some.")
    rank = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        mine = labels == label
        rank[mine] = np.arange(mine.sum())
    test = rank % 10 == 9
    if not test.any():
        test[-1] = True
    return test
