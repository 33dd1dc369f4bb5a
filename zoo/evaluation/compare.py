"""Models compared at equal budget, seed by seed, during and after their training."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from serving.protocol.files import write_whole
from zoo.core.errors import Failure
from zoo.core.files import write_json
from zoo.display import curves
from zoo.evaluation import measures
from zoo.evaluation.experiment import (
    Budget,
    Candidate,
    Experiment,
    Measurement,
    command_line,
    measured,
    most,
    over_seeds,
    seeds,
)
from zoo.evaluation.protocol import Protocol, Score
from zoo.evaluation.results import Comparison, Entry, Store
from zoo.training import run, strategy
from zoo.training.trainer import Trainer

TIMES = 4
"""How often a run is measured, evenly spread over its epochs."""


class Question(NamedTuple):
    """What is compared. `better` is lower or higher; `seeds` is the number of trainings of each candidate."""

    measure: str
    better: str
    title: str
    seeds: int


def compare(
    candidates: Sequence[Candidate], question: Question, budget: Budget, *, out: Path, store: Store
) -> Comparison:
    """Trains each candidate with each seed, measures it during and after the training, and stores the comparison.

    Errors: UserError for an unknown measure.
    """
    measures.get(question.measure)
    chosen = seeds(question.seeds)
    experiment = Experiment(budget, out / question.measure, len(candidates) * len(chosen))
    epochs = [_epochs(experiment, candidate) for candidate in candidates]
    runs: list[list[_Run]] = [[] for _ in candidates]
    for seed in chosen:
        for candidate, at, own in zip(candidates, epochs, runs, strict=True):
            experiment.announce(candidate, seed)
            own.append(_run(experiment, candidate, seed, at, question.measure))
    command = _command(candidates, question, budget)
    entries = [
        _entry(experiment.protocol(command, candidate, chosen), at, own, runs[0], question.better)
        for candidate, at, own in zip(candidates, epochs, runs, strict=True)
    ]
    entries[0] = replace(entries[0], difference=None)
    comparison = Comparison(question.title, question.measure, question.better, tuple(entries))
    write_json(store.record(comparison.name), comparison.to_json())
    plot(comparison, store.pictures / f"{comparison.name}.png")
    return comparison


def plot(comparison: Comparison, path: Path) -> None:
    """The measure over epochs as a PNG: for each model the mean over seeds, within their range."""
    shown = {e.model: (e.epochs, [c for c in e.curves if not any(map(math.isnan, c))]) for e in comparison.ranked}
    path.parent.mkdir(parents=True, exist_ok=True)
    curves.ranges(shown, path, title=comparison.title, axis=f"{comparison.measure}, {comparison.better} is better")


def _command(candidates: Sequence[Candidate], question: Question, budget: Budget) -> str:
    flags = {**question._asdict(), "data": budget.data, "epochs": budget.epochs}
    return command_line("compare", *map(str, candidates), **flags)


def _epochs(experiment: Experiment, candidate: Candidate) -> tuple[int, ...]:
    """The epochs after which a run is measured: only the last where steps depend on the length of the run."""
    config, epochs = experiment.budget.config(candidate, 0), experiment.budget.epochs
    model = run.build(config, experiment.data.spec)
    if Trainer(model, config.training, strategy.get("one"), total_steps=1).scheduled:
        return (epochs,)
    return evenly(epochs)


def evenly(epochs: int) -> tuple[int, ...]:
    """TIMES of these epochs, evenly spaced, with the last."""
    return tuple(sorted({math.ceil(epochs * (i + 1) / TIMES) for i in range(TIMES)}))


class _Run(NamedTuple):
    """One run: the measure at each of its epochs, NaN from where it failed, and why it did."""

    curve: tuple[float, ...]
    rows: int | None
    failure: str = ""


def _run(experiment: Experiment, candidate: Candidate, seed: int, epochs: Sequence[int], measure: str) -> _Run:
    """Trains to each of the epochs in turn. The measurements are kept in the run's folder, for a second start."""
    path = experiment.folder(candidate, seed) / "measured.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    found = {epoch: Measurement(*pair) for epoch, pair in kept.items()}
    try:
        for epoch in epochs:
            if str(epoch) not in found:
                found[str(epoch)] = measured(measure, experiment.train(candidate, seed, epochs=epoch))
                write_whole(path, json.dumps(found) + "\n")
    except Failure as error:
        missing = (math.nan,) * (len(epochs) - len(found))
        return _Run((*_values(found), *missing), None, f"{candidate}, seed {seed}: {error}")
    return _Run(_values(found), found[str(epochs[-1])].rows)


def _values(found: Mapping[str, Measurement]) -> tuple[float, ...]:
    return tuple(m.value for m in found.values())


def _entry(
    protocol: Protocol, epochs: tuple[int, ...], runs: Sequence[_Run], first: Sequence[_Run], better: str
) -> Entry:
    """The scores of a candidate's runs, beside those of the first candidate."""
    protocol = replace(protocol, fake=most(r.rows for r in runs))
    choose = min if better == "lower" else max
    last, others = ({s: r.curve[-1] for s, r in enumerate(some) if not r.failure} for some in (runs, first))
    best = {s: choose(runs[s].curve) for s in last}
    differences = {s: last[s] - others[s] for s in last.keys() & others.keys()}
    at_last, at_best = f"last, epoch {epochs[-1]}", f"best of epochs {', '.join(map(str, epochs))}"

    def over(values: Mapping[int, float], checkpoint: str) -> Score:
        own = replace(protocol, seeds=tuple(sorted(values)), checkpoint=checkpoint)
        return over_seeds(list(values.values()), own)

    return Entry(
        model=protocol.model,
        epochs=epochs,
        curves=tuple(r.curve for r in runs),
        last=over(last, at_last),
        best=over(best, at_best),
        difference=over(differences, at_last),
        failures=tuple(r.failure for r in runs if r.failure),
    )
