"""The models that are measured, with their data: a run's, or one that can only be called, as a server's.

Both are called with values as a model sees them, by the names of features, and answer in the same way. In between the
values take the wire's form, so that what is measured is what a client gets.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.core import registry
from zoo.core.conditions import example_conditions
from zoo.core.config import RunConfig
from zoo.core.errors import UserError
from zoo.core.features import Feature, Spec
from zoo.core.model import GenerativeModel, wire_name
from zoo.data import Data, load
from zoo.evaluation import evaluators
from zoo.evaluation.evaluators import Evaluator
from zoo.training import run

MEASURED = 2_000
"""Test examples of a measure, at most: more change it little and take long."""
_EVALUATED = 5_000
"""Real examples of a metric, at most."""
_ROWS = 250
"""Rows of a call: what fits into the caches."""

Arrays = Mapping[str, np.ndarray]
"""By name, each (N, ...)."""

Call = Callable[[str, Arrays], Arrays]
"""(signature, tensors by name) -> tensors by name, in the wire's form."""


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """The model of a run, its configuration and its data.

    Attributes:
      folder: the run's, with its log.csv.
      rows: the number of rows of each call so far.
    """

    model: GenerativeModel
    config: RunConfig
    data: Data
    folder: Path
    rows: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path) -> "TrainedModel":
        """The run in a folder, with its moving averages where it kept them. Errors: UserError if there is none."""
        model, config = run.restore(folder)
        return cls(model, config, load(config.data, **config.loading), folder)

    @property
    def seed(self) -> int:
        """The run's."""
        return self.config.training.seed

    @property
    def spec(self) -> Spec:
        """The features of the data."""
        return self.data.spec

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The recipe's parameters, defaults included."""
        recipe = registry.get(self.config.model)
        return {k: p.default for k, p in recipe.parameters.items()} | dict(self.config.parameters)

    @cached_property
    def test(self) -> Arrays:
        """The first examples of the test split, MEASURED at most."""
        return self.data.test.arrays(MEASURED)

    @property
    def real(self) -> np.ndarray:
        """The targets of `test`, (N, *shape) in [-1, 1]."""
        return self.test[self.spec.target]

    def call(self, signature: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Calls a signature by the names of its features. Errors: KeyError where it has other inputs."""
        found = self.model.signatures()[signature]
        reply = self.serve(signature, _encoded({name: (f, inputs[name]) for name, f in found.inputs.items()}))
        return {name: _decoded(name, f, reply) for name, f in found.outputs.items()}

    def serve(self, signature: str, tensors: Arrays) -> Arrays:
        """Calls a signature as a client does, in chunks of rows."""
        function, count = self._functions[signature], len(next(iter(tensors.values())))
        self.rows.append(count)
        chunks = [
            {k: v.numpy() for k, v in function({n: t[i : i + _ROWS] for n, t in tensors.items()}).items()}
            for i in range(0, count, _ROWS)
        ]
        return {key: np.concatenate([c[key] for c in chunks]) for key in chunks[0]}

    def conditions(self, signature: str, count: int) -> dict[str, np.ndarray]:
        """Values for the conditions that a signature takes: each class in turn, and others of the test examples."""
        values = example_conditions(self.spec, count, self.test)
        return {name: np.asarray(v) for name, v in values.items() if name in self.model.signatures()[signature].inputs}

    def samples(self, count: int, **conditions: np.ndarray) -> np.ndarray:
        """Samples (count, *shape) in [-1, 1] of the seeds 0, 1, ...; of `conditions` where none are given."""
        return self.call("sample", seed=np.arange(count), **(self.conditions("sample", count) | conditions))["x"]

    @cached_property
    def _functions(self) -> Mapping[str, Any]:
        return {
            name: tf.function(s.serve, input_signature=[s.wire_inputs]) for name, s in self.model.signatures().items()
        }


@dataclass(frozen=True, eq=False)
class EvaluatedModel:
    """A model that `zoo evaluate` calls, here or on a server, and its data.

    Attributes:
      wire: calls the model.
      inputs: the names of each signature's inputs on the wire.
      evaluator_name: an evaluator's name or file; None for the data's own.
      count: how many samples are drawn.
      seed: of the first of them.
    """

    wire: Call
    inputs: Mapping[str, Collection[str]]
    data: Data
    evaluator_name: str | None
    count: int
    seed: int

    @property
    def spec(self) -> Spec:
        """The features of the data."""
        return self.data.spec

    @cached_property
    def evaluator(self) -> Evaluator:
        """The classifier whose features are compared. Errors: UserError where there is none."""
        name = self.evaluator_name
        return evaluators.load(name) if name else evaluators.for_data(self.data.name)

    @cached_property
    def test(self) -> Arrays:
        """The first examples of the test split."""
        return self.data.test.arrays(_EVALUATED)

    @cached_property
    def train(self) -> Arrays:
        """The training split."""
        return self.data.train.arrays()

    @property
    def real(self) -> np.ndarray:
        """The targets of `test`, (N, *shape) in [-1, 1]."""
        return self.test[self.spec.target]

    @property
    def conditional(self) -> bool:
        """Whether each sample is of a given class."""
        return "label" in self.inputs.get("sample", ())

    @cached_property
    def conditions(self) -> Arrays:
        """Those of the samples: each class in turn, and others of the test examples."""
        return {k: np.asarray(v) for k, v in example_conditions(self.spec, self.count, self.test).items()}

    @cached_property
    def samples(self) -> np.ndarray:
        """(M, *shape) in [-1, 1]."""
        seeds = np.arange(self.seed, self.seed + self.count, dtype=np.int64)
        return self._call("sample", {**self.conditions, "seed": seeds})["x"]

    @cached_property
    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the real examples and of the samples, (N, D) each; rows that are no pictures are their own features."""
        if self.spec.kind != "image":
            return self.real, self.samples
        return self.evaluator.features(self.real), self.evaluator.features(self.samples)

    def of_real(self, signature: str) -> dict[str, np.ndarray]:
        """The outputs of a signature for the test examples: `x`, where there is one, and others by their names."""
        conditions = {name: self.test[name] for name in self.spec.condition if name in self.test}
        return self._call(signature, {**conditions, "x": self.real, "seed": np.arange(len(self.real), dtype=np.int64)})

    def _call(self, signature: str, values: Arrays) -> dict[str, np.ndarray]:
        """Calls a signature with those of the values that it takes."""
        known = {**self.spec.features, "x": self.spec.feature}
        features = {name: known.get(name, Feature("seed", (), "int64")) for name in values}
        tensors = _encoded({name: (features[name], value) for name, value in values.items()})
        missing = [name for name in self.inputs[signature] if name not in tensors]
        if missing:
            raise UserError(
                f"{signature} takes {missing[0]!r}, which {self.data.name} does not have: {self.spec.describe()}. Give "
                "--data that has it."
            )
        reply = self.wire(signature, {name: tensors[name] for name in self.inputs[signature]})
        x = self.spec.feature
        given = all(name in reply for name in x.wire(wire_name("x", x)))
        return {**reply, **({"x": _decoded("x", x, reply)} if given else {})}


def _encoded(values: Mapping[str, tuple[Feature, np.ndarray]]) -> dict[str, np.ndarray]:
    """Values by name, each with its feature, in the wire's form."""
    tensors: dict[str, np.ndarray] = {}
    for name, (feature, value) in values.items():
        x = tf.constant(value, feature.dtype)
        tensors |= {key: np.asarray(t) for key, t in feature.to_wire(wire_name(name, feature), x).items()}
    return tensors


def _decoded(name: str, feature: Feature, tensors: Arrays) -> np.ndarray:
    """A feature's value, as a model sees it, from a reply."""
    return np.asarray(feature.from_wire(wire_name(name, feature), tensors))
