"""The command evaluator."""

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from zoo.cli.command import command
from zoo.cli.flags import Flag
from zoo.cli.options import DATA, loading
from zoo.core.errors import UserError, unknown


@command(
    "evaluator",
    "ACTION [DATA]",
    example="zoo evaluator train digits --epochs 2 --out evaluators/digits.npz",
    flags=[
        Flag("out", str, None, "file of the evaluator; default: evaluators/DATA.npz"),
        *(flag for flag in DATA if flag.name != "data"),
        Flag("epochs", int, 20, "passes over the data"),
        Flag("seed", int, 0, "seed of everything random"),
    ],
)
def _evaluator(values: Any, positional: list[str]) -> None:
    """ACTION is train or show; without DATA, show lists every evaluator of the zoo."""
    action, *data = positional
    if action not in _ACTIONS:
        raise unknown("action of `zoo evaluator`", action, _ACTIONS)
    _ACTIONS[action](values, data)


def _train(values: Any, data: list[str]) -> None:
    if not data:
        raise UserError("DATA is missing. Example: zoo evaluator train mnist-5k")
    if values.epochs < 1:
        raise UserError(f"--epochs must be above 0; received {values.epochs}.")
    from zoo.data import load
    from zoo.evaluation import evaluators
    from zoo.evaluation.evaluators.training import train

    (name,) = data
    out = Path(values.out or f"evaluators/{Path(name).stem}.npz")
    if out.suffix != ".npz":
        raise UserError(f"--out ends in .npz; received {out}.")
    loaded = load(name, **loading(values))
    line = shlex.join(["zoo", "evaluator", "train", name, *values.given])
    evaluators.write(out, train(loaded, command=line, epochs=values.epochs, seed=values.seed))
    _print(evaluators.load(str(out)))
    print(f"Evaluator: {out}")


def _show(values: Any, data: list[str]) -> None:
    from zoo.evaluation import evaluators

    for name in data or evaluators.names():
        _print(evaluators.load(name))


def _print(evaluator: Any) -> None:
    record, size = evaluator.record, "x".join(map(str, evaluator.record.shape))
    accuracy, floor = (f"{e.value:.3g} [{e.low:.3g}, {e.high:.3g}]" for e in (evaluator.accuracy, evaluator.floor))
    print(f"{record.name}: {size}, {evaluator.classes} classes, hash {evaluator.hash[:12]}")
    print(f"  accuracy {accuracy} on {evaluator.accuracy.n} held-out examples")
    print(f"  floor    {floor}, the Fréchet distance of two halves of them, {evaluator.floor.n} each")
    print(f"  {record.command}")


_ACTIONS: Mapping[str, Callable[[Any, list[str]], None]] = {"train": _train, "show": _show}
