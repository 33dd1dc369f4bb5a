"""Commands that make models: train, export."""

import shlex
from pathlib import Path
from typing import Any

from zoo.cli.command import command
from zoo.cli.flags import Flag
from zoo.cli.options import DATA, RECIPES, by_player, read, sides
from zoo.core.config import JIT, PRECISIONS, SCHEDULES, STRATEGIES

_TRAINING = (
    Flag("epochs", int, None, "passes over the data; default: the model's"),
    Flag("batch_size", int, None, "examples a step, over all replicas; default: the model's"),
    Flag("seed", int, 0, "seed of everything random"),
    Flag("strategy", STRATEGIES, "auto", "one device, all devices here, or several machines by TF_CONFIG"),
    Flag("replicas", int, 0, "devices for mirrored, 0 for all; splits the CPU where there is no GPU"),
    Flag("jit", JIT, None, "compile with XLA; auto compiles on a GPU"),
    Flag("precision", PRECISIONS, None, "precision of the computation; weights are float32"),
    Flag("learning_rate", float, None, "option of Adam; default: the model's"),
    Flag("beta_1", float, None, "option of Adam; default: the model's"),
    Flag("beta_2", float, None, "option of Adam; default: the model's"),
    Flag("schedule", SCHEDULES, None, "schedule of the learning rate"),
    Flag("warmup", int, None, "updates over which the learning rate rises"),
    Flag("clip_norm", float, None, "largest global norm of a gradient"),
    Flag("ema", float, None, "decay of the generating weights' moving average, which is then exported"),
    Flag("checkpoint_every", int, None, "steps between checkpoints, besides those after epochs"),
)
_PLAYERS = (
    Flag("updates", list, None, "updates of a player in a step, as in critic=5"),
    Flag("learning_rate_multipliers", list, None, "multiplier of a player's learning rate, as in critic=4"),
)


@command(
    "train",
    "MODEL [key=value ...]",
    example="zoo train vae latent=8 --data digits --epochs 2 --out runs/vae",
    flags=[
        Flag("out", str, None, "folder of the run; default runs/MODEL"),
        *DATA,
        RECIPES,
        *_TRAINING,
        *_PLAYERS,
    ],
)
def _train(values: Any, positional: list[str]) -> None:
    from zoo.core import registry
    from zoo.core.config import RunConfig
    from zoo.training import run

    model, *assignments = positional
    registry.import_files(values.recipes)
    made = registry.get(model)
    options = {flag.name: values[flag.name] for flag in _TRAINING}
    options |= {
        name: by_player(name, values[name], kind)
        for name, kind in (("updates", int), ("learning_rate_multipliers", float))
    }
    config = RunConfig(
        model=made.name,
        data=values.data or made.data,
        size=sides(values.size),
        channels=values.channels,
        parameters=made.parse(assignments),
        training=made.config(**options),
        read=read(values),
    )
    folder = Path(values.out or f"runs/{made.name}")
    done = run.train(config, folder, command=shlex.join(["zoo", "train", *positional, *values.given]))
    if not done.trained:
        print(f"{folder} is already trained ({done.steps} steps). More --epochs continue it.")
    print(f"Run: {folder}\nNext: zoo export {folder}")


@command(
    "export",
    "RUN",
    example="zoo export runs/vae --models models",
    flags=[
        Flag("models", str, "models", "folder that a server serves"),
        Flag("name", str, None, "name to serve under; default: the model's"),
        RECIPES,
    ],
)
def _export(values: Any, positional: list[str]) -> None:
    from zoo.core import registry
    from zoo.export import savedmodel as export

    registry.import_files(values.recipes)
    version = export.export(Path(positional[0]), Path(values.models), values.name)
    print(f"Exported: {version}\nNext: zoo serve --models {values.models}")
