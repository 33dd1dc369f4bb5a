"""Splits: examples in memory or on disk, as one endless sequence of batches. zoo.data.stream has those in a stream.

zoo.data.plan decides which examples make which batch.
"""

import abc
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, final

import numpy as np
import tensorflow as tf

from zoo.core.model import Batch
from zoo.data.errors import DataError
from zoo.data.images import normalise
from zoo.data.parallel import THREADS, each
from zoo.data.plan import Plan

_AHEAD = 2
"""Batches made ahead of use."""
_KEEP = 2**30
"""Bytes of decoded images that a split keeps at most."""


class Split(abc.ABC):
    """Some examples of a data set."""

    @property
    @abc.abstractmethod
    def count(self) -> int:
        """How many there are."""

    @abc.abstractmethod
    def arrays(self, limit: int | None = None) -> dict[str, np.ndarray]:
        """The first `limit` examples, or all, in their stored order, by the names of their features.

        Each is (N, *shape): float32 in [-1, 1], labels and tokens int64. Errors: DataError if one cannot be read.
        """

    @abc.abstractmethod
    def labels(self) -> np.ndarray | None:
        """The labels, int64 (N,), in order; None where there are none, or all examples would have to be read."""

    @abc.abstractmethod
    def identity(self) -> bytes:
        """A hash of the examples: equal for equal ones."""

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
        """A tf.data.Dataset of Batch (a mapping), epoch after epoch: one iterator reads it for a whole run.

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
        return self._dataset(plan).prefetch(_AHEAD).with_options(options())


def options() -> tf.data.Options:
    """Of every split's batches.

    The autotuner is off: it may sleep when an iterator is destroyed. So threads are counted by hand.
    """
    made = tf.data.Options()
    made.autotune.enabled = False
    made.deterministic = True
    made.threading.private_threadpool_size = THREADS
    made.threading.max_intra_op_parallelism = 1
    made.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return made


@final
@dataclass(frozen=True, eq=False)
class Arrays(Split):
    """Examples in memory, shuffled completely.

    `stored` holds (N, *shape) for each feature: uint8 or float32 in [-1, 1]; labels and tokens are int64.
    """

    stored: Mapping[str, np.ndarray]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(next(iter(self.stored.values())))

    def arrays(self, limit: int | None = None) -> dict[str, np.ndarray]:
        """See Split."""
        return {name: normalise(x[:limit]) for name, x in self.stored.items()}

    def labels(self) -> np.ndarray | None:
        """See Split."""
        return self.stored.get("label")

    def identity(self) -> bytes:
        """See Split."""
        return _hash(self.stored)

    def _dataset(self, plan: Plan) -> tf.data.Dataset:
        stored = _constants(self.stored)
        return plan.batches(lambda rows: {n: normalise(tf.gather(x, rows)) for n, x in stored.items()}, THREADS)


@final
@dataclass(frozen=True, eq=False)
class Disk(Split):
    """Files, or parts of files, that are read when their turn first comes, and kept while all fit into 1 GiB.

    Shuffled completely.

    Attributes:
      sources: where each example is, in whatever form `read` takes.
      read: source -> uint8, or float32 in [-1, 1], of the shape `shape`. Errors: DataError, which names the source.
      name: of the feature that is read.
      shape: of every example.
      dtype: of what `read` gives.
      others: the other features, (N, ...) each, as in Arrays.
      marks: for each source, a text that changes when its content does: a file's name within its folder, and its size.
    """

    sources: Sequence[Any]
    read: Callable[[Any], np.ndarray]
    name: str
    shape: tuple[int, ...]
    dtype: str = "uint8"
    others: Mapping[str, np.ndarray] = field(default_factory=dict)
    marks: Sequence[str] = ()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.sources)

    def arrays(self, limit: int | None = None) -> dict[str, np.ndarray]:
        """See Split."""
        read = {self.name: normalise(self._decoded(np.arange(self.count)[:limit]))}
        return read | {name: normalise(x[:limit]) for name, x in self.others.items()}

    def labels(self) -> np.ndarray | None:
        """See Split."""
        return self.others.get("label")

    def identity(self) -> bytes:
        """See Split."""
        return hashlib.blake2b("\n".join(self.marks or map(str, self.sources)).encode()).digest() + _hash(self.others)

    @cached_property
    def _kept(self) -> tuple[np.ndarray, np.ndarray]:
        """The examples so far, (N, *shape), and which they are, bool (N,)."""
        return np.empty((self.count, *self.shape), self.dtype), np.zeros(self.count, bool)

    @property
    def _fits(self) -> bool:
        return self.count * math.prod(self.shape) * np.dtype(self.dtype).itemsize <= _KEEP

    def read_ahead(self) -> "Ahead":
        """Reads every source once, so that what is broken is known before training, and keeps all where they fit."""

        def row(i: int) -> tuple[float, float]:
            x = self.read(self.sources[i])
            if self._fits:
                examples, known = self._kept
                examples[i], known[i] = x, True
            return float(x.min()), float(x.max())

        ends, errors = each(row, range(self.count), "reading")
        seen = [end for end in ends if end] or [(0.0, 0.0)]
        broken = [(self.sources[i], error) for i, error in enumerate(errors) if error]
        return Ahead(broken, min(low for low, _ in seen), max(high for _, high in seen))

    def _decoded(self, rows: np.ndarray) -> np.ndarray:
        if not self._fits:
            return read_all(self.read, [self.sources[row] for row in rows], self.shape, self.dtype)
        examples, known = self._kept
        # Two threads may read the same example: they write the same values.
        for row in rows[~known[rows]]:
            examples[row] = self.read(self.sources[row])
            known[row] = True
        found: np.ndarray = examples[rows]
        return found

    def _dataset(self, plan: Plan) -> tf.data.Dataset:
        others = _constants(self.others)

        def batch(rows: tf.Tensor) -> Batch:
            x = tf.numpy_function(self._decoded, [rows], tf.as_dtype(self.dtype), stateful=False)
            read = {self.name: normalise(tf.ensure_shape(x, (plan.own, *self.shape)))}
            return read | {name: normalise(tf.gather(x, rows)) for name, x in others.items()}

        return plan.batches(batch, THREADS)


class Ahead(NamedTuple):
    """What reading every source found: those that are broken, and the lowest and highest value of the others."""

    broken: list[tuple[Any, DataError]]
    low: float
    high: float


def _constants(arrays: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
    with tf.device("/CPU:0"):
        return {name: tf.constant(x) for name, x in arrays.items()}


def _hash(arrays: Mapping[str, np.ndarray]) -> bytes:
    total = hashlib.blake2b()
    for name, x in arrays.items():
        total.update(f"{name} {x.dtype} {x.shape}".encode())
        total.update(np.ascontiguousarray(x).view(np.uint8).data)
    return total.digest()


def read_all(
    read: Callable[[Any], np.ndarray], sources: Sequence[Any], shape: tuple[int, ...], dtype: str = "uint8"
) -> np.ndarray:
    """What `read` gives of each source, (N, *shape)."""
    out = np.empty((len(sources), *shape), dtype)
    for i, source in enumerate(sources):
        out[i] = read(source)
    return out


def held_out(labels: np.ndarray | None, count: int) -> np.ndarray:
    """Which of `count` examples are kept for testing: every tenth of each class, in order; at least one. bool (N,).

    Errors: DataError if there are fewer than two examples.
    """
    if count < 2:
        raise DataError(f"There is {count} example; at least two are needed, one of them for testing. Add some.")
    rank = np.arange(count)
    for label in () if labels is None else np.unique(labels):
        mine = labels == label
        rank[mine] = np.arange(mine.sum())
    test: np.ndarray = rank % 10 == 9
    if not test.any():
        test[-1] = True
    return test
