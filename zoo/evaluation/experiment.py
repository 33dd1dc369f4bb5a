"""Trainings that can be compared: the same data, epochs, batches and seeds, each in a folder of its own."""

import math
import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtrit

from zoo.core import registry
from zoo.core.config import RunConfig
from zoo.core.errors import Failure, UserError
from zoo.core.files import slug
from zoo.core.parameters import show
from zoo.core.registry import Recipe
from zoo.data import load
from zoo.evaluation import evaluators, measures
from zoo.evaluation.evaluate import described, value_range
from zoo.evaluation.models import MEASURED, TrainedModel
from zoo.evaluation.protocol import OVER_SEEDS, Protocol, Score
from zoo.training import record, run


@dataclass(frozen=True)
class Candidate:
    """A model with its parameters. Written as on a command line: gan loss=hinge."""

    recipe: Recipe
    parameters: Mapping[str, Any]

    @classmethod
    def of(cls, text: str) -> "Candidate":
        """Errors: UserError for an unknown model or parameter."""
        words = shlex.split(text)
        if not words:
            raise UserError("A model's name is empty. Put a model and its parameters in quotes: 'vae latent=8'.")
        recipe = registry.get(words[0])
        return cls(recipe, recipe.parse(words[1:]))

    def __str__(self) -> str:
        return " ".join([self.recipe.name, *(f"{k}={show(v)}" for k, v in self.parameters.items())])


@dataclass(frozen=True)
class Budget:
    """What is the same for every candidate."""

    data: str
    epochs: int
    batch_size: int

    @classmethod
    def of(cls, recipe: Recipe, data: str | None = None, epochs: int | None = None) -> "Budget":
        """The recipe's own, where nothing else is given."""
        training = recipe.config(epochs=epochs)
        return cls(data or recipe.data, training.epochs, training.batch_size)

    def config(self, candidate: Candidate, seed: int, epochs: int | None = None) -> RunConfig:
        """The run of a candidate, for these epochs or all."""
        training = candidate.recipe.config(epochs=epochs or self.epochs, batch_size=self.batch_size, seed=seed)
        return RunConfig(candidate.recipe.name, self.data, parameters=candidate.parameters, training=training)


def command_line(name: str, *positional: str, **flags: Any) -> str:
    """A command of `zoo` as it is typed; flags that are None are left out."""
    given = {f"--{key.replace('_', '-')}": str(value) for key, value in flags.items() if value is not None}
    return shlex.join(["zoo", name, *positional, *(word for pair in given.items() for word in pair)])


def seeds(count: int) -> tuple[int, ...]:
    """0, 1, ... Errors: UserError for none."""
    if count < 1:
        raise UserError(f"--seeds must be above 0; received {count}.")
    return tuple(range(count))


class Experiment:
    """Trainings one after another, each announced with the time that is left.

    Args:
      out: folder of their runs.
      count: how many there will be.
    """

    def __init__(self, budget: Budget, out: Path, count: int) -> None:
        self.budget, self.out, self.count = budget, out, count
        self.data = load(budget.data)
        self._begun, self._since = 0, time.monotonic()

    def folder(self, candidate: Candidate, seed: int) -> Path:
        """The folder of a run."""
        budget = self.budget
        return self.out / slug(f"{candidate} {budget.data} {budget.epochs} x {budget.batch_size} seed {seed}")

    def train(self, candidate: Candidate, seed: int, *, epochs: int | None = None) -> TrainedModel:
        """The candidate after these epochs, or all; an earlier run is continued. Errors: Diverged."""
        config, folder = self.budget.config(candidate, seed, epochs), self.folder(candidate, seed)
        run.train(config, folder, command=_command(config, candidate))
        return TrainedModel.of(folder)

    def protocol(self, command: str, candidate: Candidate, chosen: Sequence[int]) -> Protocol:
        """The protocol of a score over these seeds, after the last epoch."""
        return Protocol(
            command=command,
            model=str(candidate),
            data=described(self.data),
            split="test",
            real=min(self.data.test.count, MEASURED),
            fake=None,
            range=value_range(self.data.spec.feature),
            evaluator=evaluators.identity_for(self.budget.data),
            seeds=tuple(chosen),
            checkpoint=f"last, epoch {self.budget.epochs}",
            averaged=self.budget.config(candidate, 0).training.ema is not None,
            interval=OVER_SEEDS,
            versions=record.versions(),
        )

    def announce(self, candidate: Candidate, seed: int) -> None:
        """Prints which training is next."""
        left = ""
        if self._begun:
            seconds = (time.monotonic() - self._since) / self._begun * (self.count - self._begun)
            left = f" (about {math.ceil(seconds / 60)} min left)"
        self._begun += 1
        print(f"[{self._begun}/{self.count}] {candidate}, seed {seed}{left}", flush=True)


class Measurement(NamedTuple):
    """The value of a measure, and how many examples the model gave for it; None where it gave none."""

    value: float
    rows: int | None


def measured(name: str, trained: TrainedModel) -> Measurement:
    """A measure of a trained model. Errors: UserError for an unknown one, Failure where it is not finite."""
    before = len(trained.rows)
    value = measures.get(name)(trained)
    if not math.isfinite(value):
        raise Failure(
            f"{name} of {trained.folder} is {value}: the model did not learn. Look at its samples and log.csv."
        )
    return Measurement(value, most(trained.rows[before:]))


def most(rows: Iterable[int | None]) -> int | None:
    """The highest of several counts; None where there is none."""
    return max((count for count in rows if count is not None), default=None)


def over_seeds(values: Sequence[float], protocol: Protocol) -> Score:
    """The mean of one value for each seed, with the 95 % interval of Student's t.

    A bootstrap of three values has ten different resamples. It would give their range, which contains the mean in
    three cases of four. One seed, or a missing value (NaN), gives no interval.
    """
    mean = float(np.mean(values)) if values else math.nan
    half = math.nan
    if len(values) > 1:
        half = float(stdtrit(len(values) - 1, 0.975) * np.std(values, ddof=1) / math.sqrt(len(values)))
    return Score(mean, mean - half, mean + half, protocol)


def _command(config: RunConfig, candidate: Candidate) -> str:
    training = config.training
    flags = {"data": config.data, "epochs": training.epochs, "batch_size": training.batch_size, "seed": training.seed}
    return command_line("train", *shlex.split(str(candidate)), **flags)
