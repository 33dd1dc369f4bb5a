"""What `zoo evaluate` looks at: a model, trained here or behind a server, beside its data."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from zoo.core.model import from_wire, to_wire
from zoo.data import Data
from zoo.evaluation import evaluators
from zoo.evaluation.evaluators import Evaluator

_REAL = 5_000
"""Real examples at most: distances of more change little and cost much."""

Ask = Callable[[str, Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
"""(signature, inputs by name) -> outputs by name, in the wire's ranges."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A model and its data; everything in [-1, 1] here.

    Attributes:
      inputs: the names of each signature's inputs.
      judge: an evaluator's name or file; None for the data's own.
      count: how many samples are drawn.
      seed: of the first of them.
    """

    ask: Ask
    inputs: Mapping[str, Collection[str]]
    data: Data
    judge: str | None
    count: int
    seed: int

    @cached_property
    def evaluator(self) -> Evaluator:
        """Whose features are taken. Errors: UserError where there is none."""
        return evaluators.load(self.judge) if self.judge else evaluators.for_data(self.data.name)

    @cached_property
    def real(self) -> tuple[np.ndarray, np.ndarray]:
        """Held-out examples (N, *shape) and their labels (N,)."""
        return self.data.test.arrays(_REAL)

    @cached_property
    def train(self) -> tuple[np.ndarray, np.ndarray]:
        """What the model learnt from."""
        return self.data.train.arrays()

    @property
    def conditional(self) -> bool:
        """Whether samples are of the class that is asked for."""
        return "label" in self.inputs.get("sample", ())

    @cached_property
    def labels(self) -> np.ndarray:
        """The classes asked for, by turns, int64 (M,)."""
        return np.arange(self.count, dtype=np.int64) % max(1, self.data.spec.classes)

    @cached_property
    def fake(self) -> np.ndarray:
        """Samples (M, *shape)."""
        wanted = {"seed": np.arange(self.seed, self.seed + self.count, dtype=np.int64)}
        outputs = self.ask("sample", wanted | ({"label": self.labels} if self.conditional else {}))
        return from_wire(outputs["videos" if "videos" in outputs else "images"])

    @cached_property
    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the real examples and of the samples (N, D); a table's rows are their own."""
        if len(self.data.spec.shape) == 1:
            return self.real[0], self.fake
        return self.evaluator.features(self.real[0]), self.evaluator.features(self.fake)

    def of_real(self, signature: str) -> Mapping[str, np.ndarray]:
        """What a signature says of the held-out examples."""
        x, labels = self.real
        known: Mapping[str, Any] = {"images": to_wire(x), "label": labels, "seed": np.arange(len(x), dtype=np.int64)}
        return self.ask(signature, {name: known[name] for name in self.inputs[signature]})
