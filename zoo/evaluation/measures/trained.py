"""A trained model with what is needed to measure it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.core import registry
from zoo.core.config import RunConfig
from zoo.core.model import GenerativeModel
from zoo.data import Data, load
from zoo.training import run

REAL = 2_000
"""Test examples at most: more change a measure little and cost much."""
_ROWS = 250
"""Rows a call: what fits into the caches."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A model, how it was trained, and its data.

    Attributes:
      folder: the run's, with its log.csv.
      asked: rows of each call of `ask` so far.
    """

    model: GenerativeModel
    config: RunConfig
    data: Data
    folder: Path
    asked: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path) -> "Trained":
        """The run in a folder, with its moving averages where it kept them. Errors: UserError if there is none."""
        model, config = run.restore(folder)
        return cls(model, config, load(config.data, size=config.size, channels=config.channels), folder)

    @property
    def seed(self) -> int:
        """The run's."""
        return self.config.training.seed

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The recipe's parameters, defaults included."""
        recipe = registry.get(self.config.model)
        return {k: p.default for k, p in recipe.parameters.items()} | dict(self.config.parameters)

    @cached_property
    def test(self) -> tuple[np.ndarray, np.ndarray]:
        """The test split, or its first REAL examples: x float32 (N, *shape) in [-1, 1], and int64 labels (N,)."""
        return self.data.test.arrays(REAL)

    @cached_property
    def images(self) -> np.ndarray:
        """`test` on the wire: float32 (N, *shape) in [0, 1]."""
        return (self.test[0] + 1.0) / 2.0

    def ask(self, signature: str, **inputs: np.ndarray) -> Mapping[str, np.ndarray]:
        """Calls one of the model's signatures, in chunks of rows; everything in the wire's ranges."""
        names = list(self.model.signatures()[signature].inputs)
        function, count = self._functions[signature], len(inputs[names[0]])
        self.asked.append(count)
        chunks = [
            {k: v.numpy() for k, v in function(*(tf.constant(inputs[n][i : i + _ROWS]) for n in names)).items()}
            for i in range(0, count, _ROWS)
        ]
        return {key: np.concatenate([c[key] for c in chunks]) for key in chunks[0]}

    def samples(self, count: int, *, first: int = 0, label: np.ndarray | None = None) -> np.ndarray:
        """What the model draws for the seeds first, first + 1, ...: in [0, 1]. Labels go round where none are given."""
        wanted: dict[str, Any] = {"seed": np.arange(first, first + count, dtype=np.int64)}
        if "label" in self.model.signatures()["sample"].inputs:
            wanted["label"] = np.arange(count, dtype=np.int64) % self.data.spec.classes if label is None else label
        return next(iter(self.ask("sample", **wanted).values()))

    @cached_property
    def _functions(self) -> Mapping[str, Any]:
        return {
            name: tf.function(s.function, input_signature=list(s.inputs.values()))
            for name, s in self.model.signatures().items()
        }
