"""Evaluates a source in calls of limited size, and counts the calls."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from explain.errors import RequestError
from explain.sources import targets
from explain.sources.source import CHUNK, Source


@final
class Evaluator:
    """Evaluates a source and counts evaluations and calls. One per explanation.

    With a `reference` batch (m, ...) each input is evaluated in a call of its own, together with this batch: the value
    of an input then depends on that input only, even if the model uses statistics of its batch.
    """

    def __init__(self, source: Source, reference: NDArray[Any] | None = None) -> None:
        if source.chunk < 2:
            raise RequestError(f"A call takes 2 inputs or more, usually {CHUNK}; received chunk={source.chunk}.")
        self._source, self._reference = source, reference
        self.chunk, self.probability = source.chunk, source.probability
        self.calls = 0
        self.evaluations = 0

    def __call__(self, inputs: NDArray[Any]) -> NDArray[np.float64]:
        """Inputs (n, ...) -> the target (n,), in as few calls of equal size as `chunk` allows.

        Errors: ModelError, those of the source.
        """
        if self._reference is None:
            batches = np.array_split(inputs, -(-len(inputs) // self.chunk))
        else:
            batches = [np.concatenate([row[None], self._reference]) for row in inputs]
        self.calls += len(batches)
        self.evaluations += sum(map(len, batches))
        values = [targets.one_per_row(v, len(b)) for v, b in zip(self._call(batches), batches, strict=True)]
        return np.concatenate(values) if self._reference is None else np.array([v[0] for v in values])

    def _call(self, batches: list[NDArray[Any]]) -> list[NDArray[Any]]:
        if self._source.in_flight == 1 or len(batches) == 1:
            return [self._source.evaluate(batch) for batch in batches]
        with ThreadPoolExecutor(self._source.in_flight, thread_name_prefix="explain") as threads:
            return list(threads.map(self._source.evaluate, batches))
