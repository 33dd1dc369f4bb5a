"""The command `zoo`. It alone knows zoo, serving and explain.

Each command imports what it needs when it runs, so that `zoo sample` starts without TensorFlow.
"""

import logging
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from zoo.command import COMMANDS, Flag, command
from zoo.config import JIT, PRECISIONS, SCHEDULES, STRATEGIES
from zoo.errors import Failure, UserError, unknown

__all__ = ["COMMANDS", "call", "main"]

SERVER = "127.0.0.1:8500"


@command(
    "list",
    "The models of the zoo, a model's parameters, or the data sets.",
    "[MODEL]",
    example="zoo list vae",
    flags=[Flag("data", bool, False, "list the data sets instead")],
)
def _list(values: Any, positional: list[str]) -> None:
    if values.data:
        from zoo import data

        _table(list(data.DESCRIPTIONS.items()))
        return
    from zoo import registry

    if positional:
        made = registry.get(positional[0])
        print(f"{made.name}: {made.summary} ({made.reference})\n\nparameters, as key=value of `zoo train {made.name}`:")
        _table([(f"  {key}", registry.show(p.default)) for key, p in made.parameters.items()])
    else:
        _table([(r.name, r.family, r.summary, r.reference) for r in registry.recipes().values()])


def _table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


_DATA = (
    Flag("data", str, "mnist-5k", "a name of `zoo list --data`, tfds:NAME, a folder, .npz or TFRecords"),
    Flag("size", str, None, "resize images to N or HxW pixels"),
    Flag("channels", int, None, "1 for grey, 3 for colour; default: the data's"),
)
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
    Flag("warmup", int, None, "moves over which the learning rate rises"),
    Flag("clip_norm", float, None, "largest global norm of a gradient"),
    Flag("ema", float, None, "decay of the moving average of the weights that draw; exported if given"),
    Flag("checkpoint_every", int, None, "steps between checkpoints, besides those after epochs"),
)
_PLAYERS = (
    Flag("moves", list, None, "moves of a player in a turn, as in critic=5"),
    Flag("rates", list, None, "learning rate of a player, relative, as in critic=4"),
)


@command(
    "train",
    "Trains a model, or continues the run in --out.",
    "MODEL [key=value ...]",
    example="zoo train vae latent=8 --data digits --epochs 2 --out runs/vae",
    flags=[Flag("out", str, None, "folder of the run; default runs/MODEL"), *_DATA, *_TRAINING, *_PLAYERS],
)
def _train(values: Any, positional: list[str]) -> None:
    from zoo import registry, run
    from zoo.config import RunConfig

    model, *assignments = positional
    made = registry.get(model)
    options = {flag.name: values[flag.name].value for flag in _TRAINING}
    options |= {"moves": _numbers("moves", values.moves, int), "rates": _numbers("rates", values.rates, float)}
    config = RunConfig(
        model=made.name,
        data=values.data,
        size=_size(values.size),
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


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    try:
        sides = [int(side) for side in text.lower().split("x")]
        height, width = sides * 2 if len(sides) == 1 else sides
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
    from zoo import export

    version = export.export(Path(positional[0]), Path(values.models), values.name)
    print(f"Exported: {version}\nNext: zoo serve --models {values.models}")


@command(
    "serve",
    "Serves every model in a folder over gRPC, as TF Serving does.",
    example="zoo serve --models models --port 8500",
    flags=[
        Flag("models", str, "models", "folder of MODEL/VERSION/, watched for new ones"),
        Flag("port", int, 8500, "gRPC port; 0 takes a free one"),
        Flag("host", str, "127.0.0.1", "address to listen on; 0.0.0.0 for all"),
        Flag(
            "engine", ("auto", "embedded", "tfserving"), "auto", "auto: tensorflow_model_server, if it is on the PATH"
        ),
    ],
)
def _serve(values: Any, positional: list[str]) -> None:
    from serving import server, tfserving

    models = Path(values.models)
    if values.engine == "tfserving" or (values.engine == "auto" and tfserving.find()):
        sys.exit(tfserving.run(models, values.port))
    server.run(server.ServerConfig(models=models, host=values.host, port=values.port))


_ROWS = 64
"""Rows a request: replies of some hundred kilobytes, neither many nor late."""


@command(
    "sample",
    "Asks a server for samples.",
    "MODEL",
    example="zoo sample vae --count 16 --server 127.0.0.1:8500 --out samples.png",
    flags=[
        Flag("count", int, 64, "how many samples"),
        Flag("seed", int, 0, "seed of the first; the others follow it"),
        Flag("label", int, None, "class to draw, for a model that takes one"),
        Flag("server", str, SERVER, "host:port of a server"),
        Flag("out", str, "samples.png", "a picture (.png) or the numbers (.npz)"),
    ],
    tensorflow=False,
)
def _sample(values: Any, positional: list[str]) -> None:
    import numpy as np

    (model,), out = positional, Path(values.out)
    if out.suffix not in (".png", ".npz"):
        raise UserError(f"--out ends in .png or .npz; received {out}.")
    if values.count < 1:
        raise UserError(f"--count must be above 0; received {values.count}.")
    seeds = np.arange(values.seed, values.seed + values.count, dtype=np.int64)
    samples, version = _ask(values, model, seeds)
    if out.suffix == ".png" and samples.ndim != 4:
        raise UserError(f"{model} draws rows of numbers, {list(samples.shape[1:])}, not images. Give --out an .npz.")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".npz":
        np.savez_compressed(out, images=samples, seed=seeds)
    else:
        from zoo import pictures

        pictures.grid(samples).save(out)
    print(f"{len(seeds)} samples of {model} version {version}: {out}")


def _ask(values: Any, model: str, seeds: Any) -> tuple[Any, int | None]:
    """The samples of these seeds, all from one version."""
    import numpy as np
    from tqdm import tqdm

    from serving import Client

    images, version = [], None
    with Client(values.server) as client, tqdm(total=len(seeds), unit="sample", leave=False) as bar:
        for first in range(0, len(seeds), _ROWS):
            inputs = {"seed": seeds[first : first + _ROWS]}
            if values.label is not None:
                inputs["label"] = np.full_like(inputs["seed"], values.label)
            reply = client.predict(model, inputs, signature="sample", version=version)
            version = reply.version
            images.append(reply["images"])
            bar.update(len(inputs["seed"]))
    return np.concatenate(images), version


@command(
    "explain",
    "Shows which parts of an image decided what a model says of it (LIME).",
    "MODEL [IMAGE]",
    example="zoo explain dcgan --seed 3 --models models --out explanation.html",
    flags=[
        Flag("seed", int, None, "explain the model's own sample of this seed instead of an image"),
        Flag("server", str, None, f"host:port of a server; default {SERVER} unless --models is given"),
        Flag("models", str, None, "folder of exported models, instead of a server"),
        Flag("target", str, None, "output to explain: logits, discriminate:probability, class_logits[3]"),
        Flag("cells", int, 7, "rows and columns of the grid"),
        Flag("baseline", str, "0", "what a hidden part shows: a grey value in [0, 1], or `mean`, the part's own"),
        Flag("samples", int, 1000, "perturbed images"),
        Flag("random_seed", int, 0, "of the perturbations"),
        Flag("out", str, "explanation.png", ".png, .json or .html"),
    ],
)
def _explain(values: Any, positional: list[str]) -> None:
    model, *image = positional
    if bool(image) == (values.seed is not None):
        raise UserError("Give an image to explain, or --seed for the model's own sample of that seed: one of the two.")
    if values.server and values.models:
        raise UserError("--server and --models exclude each other: the model is served, or read from its folder.")
    import explain

    with _source(values, model) as source:
        x = explain.read_image(Path(image[0]), source.shape) if image else source.sample(values.seed)
        grid, hidden = explain.grid(x.shape, cells=values.cells), _baseline(values.baseline)
        found = explain.explain(source, x, map=grid, samples=values.samples, seed=values.random_seed, baseline=hidden)
    found.save(values.out)
    print(f"{found.summary}\n{values.out}")


def _baseline(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _source(values: Any, model: str) -> Any:
    from explain import Local, Remote

    if values.models:
        return Local(values.models, model, target=values.target)
    return Remote(values.server or SERVER, model, target=values.target)


@command(
    "demo",
    "Trains, exports, serves, samples, explains, and writes one page about it.",
    example="zoo demo --out demo",
    flags=[
        Flag("out", str, "demo", "folder for the page and all that it came from"),
        Flag("data", str, "mnist-5k", "data set"),
        Flag("gan_epochs", int, 30, "epochs of the DCGAN"),
        Flag("vae_epochs", int, 30, "epochs of the VAE"),
    ],
)
def _demo(values: Any, positional: list[str]) -> None:
    from zoo import demo

    demo.run(Path(values.out), data=values.data, gan_epochs=values.gan_epochs, vae_epochs=values.vae_epochs)


def _help() -> str:
    lines = [
        "zoo: generative models, trained with one engine, served as TF Serving serves, explained.",
        "",
        "commands:",
    ]
    lines += [f"  {c.name:<8} {c.summary}" for c in COMMANDS.values()]
    return "\n".join([*lines, "", "`zoo COMMAND --help` shows its flags and an example.", "", "example:", "  zoo list"])


def call(arguments: Sequence[str]) -> None:
    """Runs one command in this process. Errors: UserError and each package's own."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_help())
        return
    if arguments[0] not in COMMANDS:
        raise unknown("command", arguments[0], COMMANDS)
    chosen = COMMANDS[arguments[0]]
    if {"-h", "--help"} & set(arguments[1:]):
        print(chosen.usage())
    else:
        chosen(arguments[1:])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit code: 0, 2 for a mistake in what was asked for, 1 for a failure, 130 when interrupted."""
    logging.getLogger("absl").setLevel(logging.ERROR)
    try:
        call(sys.argv[1:] if arguments is None else arguments)
        return 0
    except _mistakes() as error:
        code, message = 2, str(error)
    except KeyboardInterrupt:
        code, message = 130, "interrupted. The same `zoo train` command continues from its last checkpoint."
    except _failures() as error:
        code, message = 1, str(error)
    print(f"zoo: {message}", file=sys.stderr)
    return code


def _imported(*names: str) -> tuple[type[BaseException], ...]:
    """The errors of these names, `module:class`, as far as their modules were imported."""
    found = (getattr(sys.modules.get(m), c, None) for m, _, c in (n.partition(":") for n in names))
    return tuple(kind for kind in found if kind)


def _mistakes() -> tuple[type[BaseException], ...]:
    """Errors that are the user's: exit code 2."""
    return (UserError, *_imported("explain.errors:RequestError", "serving.errors:BadOption"))


def _failures() -> tuple[type[BaseException], ...]:
    """Errors whose message is meant for people: exit code 1."""
    served = _imported("serving.errors:ServingError", "serving.errors:CannotServe", "explain.errors:ExplainError")
    return (Failure, OSError, *served)
