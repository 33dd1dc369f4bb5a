"""Commands that make models: list, train, export."""

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from zoo.cli.command import Flag, command
from zoo.core.config import JIT, PRECISIONS, SCHEDULES, STRATEGIES
from zoo.core.errors import UserError


@command(
    "list",
    "The models of the zoo, all of one model, or the data sets.",
    "[MODEL]",
    example="zoo list vae",
    flags=[Flag("data", bool, False, "list the data sets instead")],
)
def _list(values: Any, positional: list[str]) -> None:
    if values.data:
        from zoo import data

        table(list(data.DESCRIPTIONS.items()))
        return
    from zoo.core import registry

    if positional:
        _sheet(registry.get(positional[0]))
    else:
        table([(r.name, r.family, r.summary, r.reference) for r in registry.recipes().values()])


def _sheet(made: Any) -> None:
    """All of one model."""
    from zoo.core import registry
    from zoo.evaluation import results, sheet

    print(f"{made.name}: {made.summary} ({made.reference})\n\nparameters, as key=value of `zoo train {made.name}`:")
    table([(f"  {key}", registry.show(p.default)) for key, p in made.parameters.items()])
    print("\nclaims, verified by `zoo verify`:")
    table([(f"  {says}", *row) for says, *row in sheet.claims(made, results.Results.read(results.OURS))])
    print(f"\nsignatures, for {made.data}:")
    table([(f"  {signature}",) for signature in sheet.signatures(made)])


def table(rows: Sequence[tuple[str, ...]]) -> None:
    """Prints rows with their columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


DATA = (
    Flag(
        "data", str, None, "a name of `zoo list --data`, tfds:NAME, a folder, .npz or TFRecords; default: the model's"
    ),
    Flag("size", str, None, "resize images to N or HxW pixels"),
    Flag("channels", int, None, "1 for grey, 3 for colour; default: the data's"),
)
"""Which data, in which form."""
_TRAINING = (
    Flag("epochs", int, None, "passes over the data; default: the model's"),
    Flag("batch_size", int, None, "examples a step, over all replicas; default: the model's"),
    Flag("seed", int, 0, "everything random follows from it"),
    Flag("strategy", STRATEGIES, "auto", "one device, all of this machine, or several machines (TF_CONFIG)"),
    Flag("replicas", int, 0, "devices for mirrored, 0 for all; splits the CPU where there is no GPU"),
    Flag("jit", JIT, None, "compile with XLA; auto does on a GPU"),
    Flag("precision", PRECISIONS, None, "of the computation; weights are float32"),
    Flag("learning_rate", float, None, "of Adam; default: the model's"),
    Flag("beta_1", float, None, "of Adam; default: the model's"),
    Flag("beta_2", float, None, "of Adam; default: the model's"),
    Flag("schedule", SCHEDULES, None, "of the learning rate"),
    Flag("warmup", int, None, "updates over which the learning rate rises"),
    Flag("clip_norm", float, None, "largest global norm of a gradient"),
    Flag("ema", float, None, "decay of the moving average of the weights that draw; exported if given"),
    Flag("checkpoint_every", int, None, "steps between checkpoints, besides those after epochs"),
)
_PLAYERS = (
    Flag("updates", list, None, "updates of a player in a step, as in critic=5"),
    Flag("learning_rate_multipliers", list, None, "of a player, as in critic=4"),
)


@command(
    "train",
    "Trains a model, or continues the run in --out.",
    "MODEL [key=value ...]",
    example="zoo train vae latent=8 --data digits --epochs 2 --out runs/vae",
    flags=[Flag("out", str, None, "folder of the run; default runs/MODEL"), *DATA, *_TRAINING, *_PLAYERS],
)
def _train(values: Any, positional: list[str]) -> None:
    from zoo.core import registry
    from zoo.core.config import RunConfig
    from zoo.training import run

    model, *assignments = positional
    made = registry.get(model)
    options = {flag.name: values[flag.name].value for flag in _TRAINING}
    options |= {"updates": _numbers("updates", values.updates, int)}
    multipliers = values.learning_rate_multipliers
    options |= {"learning_rate_multipliers": _numbers("learning_rate_multipliers", multipliers, float)}
    config = RunConfig(
        model=made.name,
        data=values.data or made.data,
        size=sides(values.size),
        channels=values.channels,
        parameters=made.parse(assignments),
        training=made.config(**options),
    )
    folder = Path(values.out or f"runs/{made.name}")
    given = [values[name].serialize() for name in values if values[name].present]
    done = run.train(config, folder, command=shlex.join(["zoo", "train", *positional, *given]))
    if not done.trained:
        print(f"{folder} is already trained ({done.steps} steps). More --epochs continue it.")
    print(f"Run: {folder}\nNext: zoo export {folder}")


def _numbers(flag: str, pairs: Sequence[str] | None, kind: Callable[[str], Any]) -> dict[str, Any] | None:
    if pairs is None:
        return None
    try:
        return {player: kind(value) for player, value in (pair.split("=") for pair in pairs)}
    except ValueError:
        raise UserError(f"--{flag} is written player=number,player=number; received {','.join(pairs)!r}.") from None


def sides(text: str | None) -> tuple[int, int] | None:
    """--size as (height, width). Errors: UserError."""
    if text is None:
        return None
    try:
        numbers = [int(side) for side in text.lower().split("x")]
        height, width = numbers * 2 if len(numbers) == 1 else numbers
    except ValueError:
        raise UserError(f"--size is N or HxW, as in 32 or 28x32; received {text!r}.") from None
    return height, width


@command(
    "export",
    "Writes a run as the next version of a servable model.",
    "RUN",
    example="zoo export runs/vae --models models",
    flags=[
        Flag("models", str, "models", "folder that a server serves"),
        Flag("name", str, None, "name to serve under; default: the model's"),
    ],
)
def _export(values: Any, positional: list[str]) -> None:
    from zoo.export import savedmodel as export

    version = export.export(Path(positional[0]), Path(values.models), values.name)
    print(f"Exported: {version}\nNext: zoo serve --models {values.models}")
