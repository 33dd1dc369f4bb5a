"""Trainings to be compared: the same data, epochs, batches and seeds, each in a folder that can be continued."""

import math
import re
import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from zoo.core import registry
from zoo.core.config import RunConfig
from zoo.core.errors import Failure, UserError
from zoo.core.parameters import show
from zoo.core.registry import Recipe
from zoo.data import load
from zoo.evaluation import measures
from zoo.evaluation.measures import Trained
from zoo.evaluation.measures.trained import REAL
from zoo.evaluation.score import OVER_SEEDS, Protocol, described, judge
from zoo.training import run


@dataclass(frozen=True)
class Contender:
    """A model with its parameters. Written as on a command line: gan loss=hinge."""

    recipe: Recipe
    parameters: Mapping[str, Any]

    @classmethod
    def of(cls, text: str) -> "Contender":
        """Errors: UserError for an unknown model or parameter."""
        words = shlex.split(text)
        if not words:
            raise UserError("A model's name is empty. Models with parameters stand in quotes: 'vae latent=8'.")
        recipe = registry.get(words[0])
        return cls(recipe, recipe.parse(words[1:]))

    def __str__(self) -> str:
        return " ".join([self.recipe.name, *(f"{k}={show(v)}" for k, v in self.parameters.items())])


@dataclass(frozen=True)
class Budget:
    """What every contender gets, and with what nothing but a contender's own recipe differs."""

    data: str
    epochs: int
    batch_size: int

    @classmethod
    def of(cls, recipe: Recipe, data: str | None = None, epochs: int | None = None) -> "Budget":
        """The recipe's, where nothing else is given."""
        training = recipe.config(epochs=epochs)
        return cls(data or recipe.data, training.epochs, training.batch_size)

    def config(self, contender: Contender, seed: int, epochs: int | None = None) -> RunConfig:
        """The run of a contender, to these epochs or all."""
        training = contender.recipe.config(epochs=epochs or self.epochs, batch_size=self.batch_size, seed=seed)
        return RunConfig(contender.recipe.name, self.data, parameters=contender.parameters, training=training)


def command_line(name: str, *positional: str, **flags: Any) -> str:
    """A command of `zoo` as it is typed; flags that are None are left out."""
    given = {f"--{key.replace('_', '-')}": str(value) for key, value in flags.items() if value is not None}
    return shlex.join(["zoo", name, *positional, *(word for pair in given.items() for word in pair)])


def slug(text: str) -> str:
    """Text as part of a file's name."""
    return re.sub(r"[^\w.]+", "-", text).strip("-")


def seeds(count: int) -> tuple[int, ...]:
    """0, 1, ... Errors: UserError for none."""
    if count < 1:
        raise UserError(f"--seeds must be above 0; received {count}.")
    return tuple(range(count))


class Trials:
    """Trainings one after another, each announced with the time that is left.

    Args:
      count: how many there will be.
    """

    def __init__(self, budget: Budget, out: Path, count: int) -> None:
        self.budget, self.out, self.count = budget, out, count
        self.data = load(budget.data)
        self._begun, self._since = 0, time.monotonic()

    def folder(self, contender: Contender, seed: int) -> Path:
        """Of a run; no other has it."""
        budget = self.budget
        return self.out / slug(f"{contender} {budget.data} {budget.epochs} x {budget.batch_size} seed {seed}")

    def train(self, contender: Contender, seed: int, *, epochs: int | None = None) -> Trained:
        """The contender after these epochs, or all. Errors: Diverged."""
        config, folder = self.budget.config(contender, seed, epochs), self.folder(contender, seed)
        run.train(config, folder, command=_command(config, contender))
        return Trained.of(folder)

    def protocol(self, command: str, contender: Contender, chosen: Sequence[int]) -> Protocol:
        """Of a score over these seeds, after the last epoch."""
        return Protocol(
            command=command,
            model=str(contender),
            data=described(self.data),
            split="test",
            real=min(self.data.test.count, REAL),
            fake=None,
            range="[0, 1]",
            evaluator=judge(self.budget.data),
            seeds=tuple(chosen),
            checkpoint=f"last, epoch {self.budget.epochs}",
            averaged=self.budget.config(contender, 0).training.ema is not None,
            interval=OVER_SEEDS,
            versions=run.versions(),
        )

    def announce(self, contender: Contender, seed: int) -> None:
        """Says which training is next."""
        left = ""
        if self._begun:
            seconds = (time.monotonic() - self._since) / self._begun * (self.count - self._begun)
            left = f" (about {math.ceil(seconds / 60)} min left)"
        self._begun += 1
        print(f"[{self._begun}/{self.count}] {contender}, seed {seed}{left}", flush=True)


class Measured(NamedTuple):
    """A measure, and how many rows the model gave for it; None where it was not asked for any."""

    value: float
    rows: int | None


def measured(name: str, trained: Trained) -> Measured:
    """A measure of a trial. Errors: UserError for an unknown one, Failure where it is not finite."""
    before = len(trained.asked)
    value = measures.get(name)(trained)
    if not math.isfinite(value):
        raise Failure(f"{name} of {trained.folder} is {value}. Look at its samples and log.csv: it did not learn.")
    return Measured(value, most(trained.asked[before:]))


def most(rows: Iterable[int | None]) -> int | None:
    """The most rows of several measures; None where no model gave any."""
    return max((count for count in rows if count is not None), default=None)


def _command(config: RunConfig, contender: Contender) -> str:
    training = config.training
    flags = {"data": config.data, "epochs": training.epochs, "batch_size": training.batch_size, "seed": training.seed}
    return command_line("train", *shlex.split(str(contender)), **flags)
