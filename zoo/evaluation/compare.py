"""Models compared at equal budget, seed by seed, at several moments of their training."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from serving.protocol.files import write_whole
from zoo.core.errors import Failure
from zoo.evaluation import figures, measures, score
from zoo.evaluation.comparison import Comparison, Entry
from zoo.evaluation.results import Store
from zoo.evaluation.score import Protocol, Score
from zoo.evaluation.trials import Budget, Contender, Measured, Trials, command_line, measured, most, seeds
from zoo.training import run, strategy
from zoo.training.trainer import Trainer

LOOKS = 4
"""How often a run is measured, evenly spread over its epochs."""


class Question(NamedTuple):
    """What is asked of the contenders. `better` is lower or higher."""

    measure: str
    better: str
    title: str
    seeds: int


def compare(
    contenders: Sequence[Contender], question: Question, budget: Budget, *, out: Path, store: Store
) -> Comparison:
    """Trains each contender with each seed, measures on the way and at the end, and stores what came of it.

    Errors: UserError for an unknown measure.
    """
    measures.get(question.measure)
    chosen = seeds(question.seeds)
    trials = Trials(budget, out / question.measure, len(contenders) * len(chosen))
    looks = [_looks(trials, contender) for contender in contenders]
    runs: list[list[_Ran]] = [[] for _ in contenders]
    for seed in chosen:
        for contender, at, mine in zip(contenders, looks, runs, strict=True):
            trials.announce(contender, seed)
            mine.append(_run(trials, contender, seed, at, question.measure))
    command = _command(contenders, question, budget)
    entries = [
        _entry(trials.protocol(command, contender, chosen), at, mine, runs[0], question.better)
        for contender, at, mine in zip(contenders, looks, runs, strict=True)
    ]
    entries[0] = replace(entries[0], difference=None)
    comparison = Comparison(question.title, question.measure, question.better, tuple(entries))
    score.write(store.record(comparison.name), comparison.to_json())
    store.pictures.mkdir(parents=True, exist_ok=True)
    figures.curves(comparison, store.pictures / f"{comparison.name}.png")
    return comparison


def _command(contenders: Sequence[Contender], question: Question, budget: Budget) -> str:
    flags = {**question._asdict(), "data": budget.data, "epochs": budget.epochs}
    return command_line("compare", *map(str, contenders), **flags)


def _looks(trials: Trials, contender: Contender) -> tuple[int, ...]:
    """Epochs after which a run is measured: only the last where what a step does depends on the run's length."""
    config, epochs = trials.budget.config(contender, 0), trials.budget.epochs
    model = run.build(config, trials.data.spec)
    if Trainer(model, config.training, strategy.get("one"), total_steps=1).scheduled:
        return (epochs,)
    return spread(epochs)


def spread(epochs: int) -> tuple[int, ...]:
    """The epochs of the looks, evenly apart; the last is the last."""
    return tuple(sorted({math.ceil(epochs * (i + 1) / LOOKS) for i in range(LOOKS)}))


class _Ran(NamedTuple):
    """One run: the measure at each look, NaN from where it failed, and why it did."""

    curve: tuple[float, ...]
    rows: int | None
    failure: str = ""


def _run(trials: Trials, contender: Contender, seed: int, looks: Sequence[int], measure: str) -> _Ran:
    """Trains from look to look. What was measured stays in the run's folder, so that a second start goes on."""
    path = trials.folder(contender, seed) / "measured.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    found = {epoch: Measured(*pair) for epoch, pair in kept.items()}
    try:
        for epoch in looks:
            if str(epoch) not in found:
                found[str(epoch)] = measured(measure, trials.train(contender, seed, epochs=epoch))
                write_whole(path, json.dumps(found) + "\n")
    except Failure as error:
        missing = (math.nan,) * (len(looks) - len(found))
        return _Ran((*_values(found), *missing), None, f"{contender}, seed {seed}: {error}")
    return _Ran(_values(found), found[str(looks[-1])].rows)


def _values(found: Mapping[str, Measured]) -> tuple[float, ...]:
    return tuple(m.value for m in found.values())


def _entry(
    protocol: Protocol, looks: tuple[int, ...], ran: Sequence[_Ran], first: Sequence[_Ran], better: str
) -> Entry:
    """What the runs of one contender come to, beside those of the first."""
    protocol = replace(protocol, fake=most(r.rows for r in ran))
    choose = min if better == "lower" else max
    last, theirs = ({s: r.curve[-1] for s, r in enumerate(runs) if not r.failure} for runs in (ran, first))
    best = {s: choose(ran[s].curve) for s in last}
    gaps = {s: last[s] - theirs[s] for s in last.keys() & theirs.keys()}
    at_last, at_best = f"last, epoch {looks[-1]}", f"best of epochs {', '.join(map(str, looks))}"

    def over(values: Mapping[int, float], checkpoint: str) -> Score:
        return score.over_seeds(
            list(values.values()), replace(protocol, seeds=tuple(sorted(values)), checkpoint=checkpoint)
        )

    return Entry(
        model=protocol.model,
        looks=looks,
        curves=tuple(r.curve for r in ran),
        last=over(last, at_last),
        best=over(best, at_best),
        difference=over(gaps, at_last),
        failures=tuple(r.failure for r in ran if r.failure),
    )
