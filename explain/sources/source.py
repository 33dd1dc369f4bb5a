"""Where the target's values come from, and the count of what they cost. Models are in models.py."""

import abc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from explain.errors import RequestError
from explain.sources import targets

CHUNK = 258
"""Inputs in a call at most: over gRPC some 100 to 250 are fastest, and two replicates of 64 masks with their
complements, the input and the baseline go into one call."""


class Source(abc.ABC):
    """A model and the target in it. Stateless for its users: the same inputs give the same values.

    `shape` is that of one input, None for what is free; `in_flight` is how many calls may run at once.
    """

    model: str
    version: int | None
    target: str
    chunk: int
    in_flight: int = 1
    shape: tuple[int | None, ...] | None = None

    @abc.abstractmethod
    def evaluate(self, inputs: NDArray) -> NDArray:
        """One call: inputs (n, ...), images in [0, 1] -> the target's values (n,) or (n, 1)."""

    def shuffled(self, seed: int) -> "Source | None":
        """The same network with its weights shuffled; None where they cannot be reached."""
        return None


@final
class Function(Source):
    """A Python function of inputs (n, ...) to (n,) or (n, 1)."""

    def __init__(self, function: Callable[[NDArray], Any], *, name: str = "function", chunk: int = CHUNK) -> None:
        self.model, self.version, self.target, self.chunk = name, None, "value", chunk
        self._function = function

    def evaluate(self, inputs: NDArray) -> NDArray:
        return np.asarray(self._function(inputs))


@final
class Meter:
    """Evaluates a source and counts what that takes. One for each explanation.

    With a `reference` batch (m, ...) every input is evaluated alone in its company, in a call of its own: what a model
    says of one input then depends on that input only, though it looks at the batch.
    """

    def __init__(self, source: Source, reference: NDArray | None = None) -> None:
        if source.chunk < 2:
            raise RequestError(f"A call takes 2 inputs or more, usually {CHUNK}; received {source.chunk}.")
        self._source, self._reference = source, reference
        self.chunk = source.chunk
        self.calls = 0
        self.evaluations = 0

    def __call__(self, inputs: NDArray) -> NDArray[np.float64]:
        """Inputs (n, ...) -> (n,), in as many calls of equal size as it takes. Errors: ModelError, the source's own."""
        if self._reference is None:
            batches = np.array_split(inputs, -(-len(inputs) // self.chunk))
        else:
            batches = [np.concatenate([row[None], self._reference]) for row in inputs]
        self.calls += len(batches)
        self.evaluations += sum(map(len, batches))
        values = [targets.one_a_row(v, len(b)) for v, b in zip(self._ask(batches), batches, strict=True)]
        return np.concatenate(values) if self._reference is None else np.array([v[0] for v in values])

    def _ask(self, batches: list[NDArray]) -> list[NDArray]:
        if self._source.in_flight == 1 or len(batches) == 1:
            return [self._source.evaluate(batch) for batch in batches]
        with ThreadPoolExecutor(self._source.in_flight, thread_name_prefix="explain") as threads:
            return list(threads.map(self._source.evaluate, batches))
