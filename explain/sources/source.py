"""The source of a target's values: abstract, and any Python function. Exported models are in models.py."""

import abc
from collections.abc import Callable
from typing import Any, Protocol, final

import numpy as np
from numpy.typing import NDArray

CHUNK = 258
"""Default for the most inputs per call. Over gRPC 100 to 250 are fastest; two replicates of 64 masks with their
complements, the input and the baseline fit into one call."""


class Gradients(Protocol):
    """A target that can be differentiated with respect to its input."""

    def values(self, data: NDArray[Any]) -> NDArray[np.float64]:
        """Inputs (n, ...) -> the target (n,)."""

    def gradient(self, data: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Inputs (n, ...) -> the target (n,) and its gradient (n, ...). Errors: RequestError if it has none."""


class Source(abc.ABC):
    """A model and its explained target. The same inputs must give the same values.

    Attributes:
      model, version, target: names for reports; `version` is None if there are no versions.
      chunk: the most inputs per call.
      probability: whether the target is a probability, which saturates near 0 and 1.
      in_flight: how many calls may run at the same time.
      shape: of one input, None for a free size; None if any shape will do.
    """

    model: str
    version: int | None
    target: str
    chunk: int
    probability: bool = False
    in_flight: int = 1
    shape: tuple[int | None, ...] | None = None

    @abc.abstractmethod
    def evaluate(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """One call: inputs (n, ...), images in [0, 1] -> the target (n,) or (n, 1)."""

    def shuffled(self, seed: int) -> "Source | None":
        """The same network with shuffled weights; None if the weights are not accessible."""
        return None

    def gradients(self) -> Gradients | None:
        """The target with its gradients; None if they are not accessible."""
        return None


@final
class Function(Source):
    """A Python function of inputs (n, ...) to (n,) or (n, 1). `probability`: whether its values are probabilities."""

    def __init__(
        self,
        function: Callable[[NDArray[Any]], Any],
        *,
        name: str = "function",
        chunk: int = CHUNK,
        probability: bool = False,
    ) -> None:
        self.model, self.version, self.target, self.chunk = name, None, "value", chunk
        self.probability = probability
        self._function = function

    def evaluate(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Calls the function once."""
        return np.asarray(self._function(inputs))
