"""Where the target's values come from, and the count of what they cost. Models are in models.py."""

import abc
from collections.abc import Callable
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from explain import targets
from explain.errors import RequestError

CHUNK = 256
"""Images in a call: over gRPC 100 to 250 is fastest, and a call's memory stays small."""


class Source(abc.ABC):
    """A model and the target in it. Stateless for its users: the same images give the same values."""

    model: str
    version: int | None
    target: str
    chunk: int

    @abc.abstractmethod
    def evaluate(self, images: NDArray[np.float32]) -> NDArray:
        """One call: images (n, H, W, C) in [0, 1] -> the target's values (n,) or (n, 1)."""


@final
class Function(Source):
    """A Python function of images (n, H, W, C) to (n,) or (n, 1)."""

    def __init__(
        self, function: Callable[[NDArray[np.float32]], Any], *, name: str = "function", chunk: int = CHUNK
    ) -> None:
        self.model, self.version, self.target, self.chunk = name, None, "value", chunk
        self._function = function

    def evaluate(self, images: NDArray[np.float32]) -> NDArray:
        return np.asarray(self._function(images))


@final
class Meter:
    """Evaluates a source and counts what that takes. One for each explanation."""

    def __init__(self, source: Source) -> None:
        if source.chunk < 2:
            raise RequestError(f"A call takes 2 images or more, usually {CHUNK}; received {source.chunk}.")
        self._source = source
        self.chunk = source.chunk
        self.calls = 0
        self.evaluations = 0

    def __call__(self, images: NDArray[np.float32]) -> NDArray[np.float64]:
        """One call: images (n, H, W, C), n at most `chunk` -> (n,). Errors: ModelError, and the source's own."""
        self.calls += 1
        self.evaluations += len(images)
        return targets.one_a_row(self._source.evaluate(images), len(images))
