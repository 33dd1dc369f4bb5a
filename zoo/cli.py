"""The command `zoo`. It alone knows zoo, serving and explain.

Each command imports what it needs when it runs, so that `zoo sample` starts without TensorFlow.
"""

import logging
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from absl import flags

from serving import quiet
from zoo.errors import Failure, UserError, unknown

SERVER = "127.0.0.1:8500"


@dataclass(frozen=True)
class Command:
    """One of zoo's commands.

    Attributes:
      arguments: what follows the name, for the usage line; those in capitals without brackets must be given.
      example: a command line that works.
      define: adds the command's flags.
      tensorflow: whether it needs it.
      run: takes the flags' values and the positional arguments.
    """

    name: str
    summary: str
    arguments: str
    example: str
    define: Callable[[flags.FlagValues], None]
    run: Callable[[Any, list[str]], None]
    tensorflow: bool = True

    def usage(self) -> str:
        """What --help prints."""
        values = flags.FlagValues()
        self.define(values)
        lines = [
            f"zoo {self.name} {self.arguments} [flags]".replace("  ", " "),
            "",
            self.summary,
            "",
            "flags:",
        ]
        for name in sorted(values):
            default = "" if values[name].default is None else f" (default: {values[name].default_as_str})"
            lines.append(f"  --{name.replace('_', '-')}: {values[name].help}{default}")
        return "\n".join([*lines, "", "example:", f"  {self.example}", ""])

    def __call__(self, arguments: Sequence[str]) -> None:
        """Parses and runs. Errors: UserError."""
        values = flags.FlagValues()
        self.define(values)
        values.set_gnu_getopt(True)
        try:
            positional = values([f"zoo {self.name}", *map(_underscored, arguments)])[1:]
        except flags.Error as error:
            raise UserError(
                f"{_dashed(str(error))}\nUsage: zoo {self.name} {self.arguments} (see zoo {self.name} --help)"
            ) from None
        wanted = [word for word in self.arguments.split() if word.isupper() and "[" not in word]
        if len(positional) < len(wanted):
            raise UserError(f"{wanted[len(positional)]} is missing. Example: {self.example}")
        if self.tensorflow:
            quiet.import_tensorflow()
        self.run(values, positional)


def _underscored(argument: str) -> str:
    name, equals, value = argument.partition("=")
    return name.replace("-", "_").replace("__", "--", 1) + equals + value if name.startswith("--") else argument


def _dashed(message: str) -> str:
    return " ".join(f"--{w.strip(chr(39))}".replace("_", "-") if w.startswith("'") else w for w in message.split(" "))


def _extra(positional: Sequence[str], most: int) -> None:
    if len(positional) > most:
        raise UserError(f"Too many arguments: {' '.join(positional[most:])}.")


# list


def _list_flags(v: flags.FlagValues) -> None:
    flags.DEFINE_boolean("data", False, "list the data sets instead", flag_values=v)


def _list(values: Any, positional: list[str]) -> None:
    _extra(positional, 1)
    if values.data:
        from zoo import data

        _table([(name, text) for name, text in data.DESCRIPTIONS.items()])
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


# train


def _train_flags(v: flags.FlagValues) -> None:
    flags.DEFINE_string(
        "data",
        "mnist-5k",
        "a name of `zoo list --data`, tfds:NAME, a folder, .npz or TFRecords",
        flag_values=v,
    )
    flags.DEFINE_string("out", None, "folder of the run; default runs/MODEL", flag_values=v)
    flags.DEFINE_string("size", None, "resize images to N or HxW pixels", flag_values=v)
    flags.DEFINE_integer("channels", None, "1 for grey, 3 for colour; default: the data's", flag_values=v)
    flags.DEFINE_integer("epochs", None, "passes over the data; default: the model's", flag_values=v)
    flags.DEFINE_integer("batch_size", None, "examples a step, over all replicas; default: the model's", flag_values=v)
    flags.DEFINE_integer("seed", 0, "everything random follows from it", flag_values=v)
    flags.DEFINE_string("strategy", "auto", "auto, one, mirrored or multiworker (from TF_CONFIG)", flag_values=v)
    flags.DEFINE_integer(
        "replicas", 0, "devices for mirrored; 0 for all; splits the CPU where there is no GPU", flag_values=v
    )
    flags.DEFINE_string("jit", None, "XLA: auto, on or off", flag_values=v)
    flags.DEFINE_string("precision", None, "float32, mixed_float16 or mixed_bfloat16", flag_values=v)
    flags.DEFINE_float("learning_rate", None, "of Adam; default: the model's", flag_values=v)
    flags.DEFINE_float("beta_1", None, "of Adam; default: the model's", flag_values=v)
    flags.DEFINE_float("beta_2", None, "of Adam; default: the model's", flag_values=v)
    flags.DEFINE_string("schedule", None, "of the learning rate: constant, linear or cosine", flag_values=v)
    flags.DEFINE_integer("warmup", None, "moves over which the learning rate rises", flag_values=v)
    flags.DEFINE_float("clip_norm", None, "largest global norm of a gradient", flag_values=v)
    flags.DEFINE_float(
        "ema", None, "decay of the moving average of the weights that draw; exported if given", flag_values=v
    )
    flags.DEFINE_list("moves", None, "moves of a player in a turn, as in critic=5", flag_values=v)
    flags.DEFINE_list("rates", None, "learning rate of a player, relative, as in critic=4", flag_values=v)
    flags.DEFINE_integer(
        "checkpoint_every", None, "steps between checkpoints, besides those after epochs", flag_values=v
    )


_TRAINING = ("epochs", "batch_size", "seed", "strategy", "replicas", "jit", "precision", "learning_rate", "beta_1",
             "beta_2", "schedule", "warmup", "clip_norm", "ema", "checkpoint_every")  # fmt: skip


def _train(values: Any, positional: list[str]) -> None:
    from zoo import registry, run
    from zoo.config import RunConfig

    model, *assignments = positional
    made = registry.get(model)
    options = {name: values[name].value for name in _TRAINING}
    options["moves"] = _numbers("moves", values.moves, int)
    options["rates"] = _numbers("rates", values.rates, float)
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


# export


def _export_flags(v: flags.FlagValues) -> None:
    flags.DEFINE_string("models", "models", "folder that a server serves", flag_values=v)
    flags.DEFINE_string("name", None, "name to serve under; default: the model's", flag_values=v)


def _export(values: Any, positional: list[str]) -> None:
    _extra(positional, 1)
    from zoo import export

    version = export.export(Path(positional[0]), Path(values.models), values.name)
    print(f"Exported: {version}\nNext: zoo serve --models {values.models}")


# serve


def _serve_flags(v: flags.FlagValues) -> None:
    flags.DEFINE_string("models", "models", "folder of MODEL/VERSION/, watched for new ones", flag_values=v)
    flags.DEFINE_integer("port", 8500, "gRPC port; 0 takes a free one", flag_values=v)
    flags.DEFINE_string("host", "127.0.0.1", "address to listen on; 0.0.0.0 for all", flag_values=v)
    flags.DEFINE_enum(
        "engine",
        "auto",
        ["auto", "embedded", "tfserving"],
        "auto takes tensorflow_model_server where it is on the PATH",
        flag_values=v,
    )


def _serve(values: Any, positional: list[str]) -> None:
    _extra(positional, 0)
    from serving import server, tfserving

    models = Path(values.models)
    if values.engine == "tfserving" or (values.engine == "auto" and tfserving.find()):
        sys.exit(tfserving.run(models, values.port))
    server.run(server.ServerConfig(models=models, host=values.host, port=values.port))


# sample


def _sample_flags(v: flags.FlagValues) -> None:
    flags.DEFINE_integer("count", 64, "how many samples", flag_values=v)
    flags.DEFINE_integer("seed", 0, "seed of the first; the others follow it", flag_values=v)
    flags.DEFINE_integer("label", None, "class to draw, for a model that takes one", flag_values=v)
    flags.DEFINE_string("server", SERVER, "host:port of a server", flag_values=v)
    flags.DEFINE_string("out", "samples.png", "a picture (.png) or the numbers (.npz)", flag_values=v)


_ROWS = 64
"""Rows a request: replies of some hundred kilobytes, neither many nor late."""


def _sample(values: Any, positional: list[str]) -> None:
    _extra(positional, 1)
    import numpy as np
    from tqdm import tqdm

    from serving import Client

    out = Path(values.out)
    if out.suffix not in (".png", ".npz"):
        raise UserError(f"--out ends in .png or .npz; received {out}.")
    if values.count < 1:
        raise UserError(f"--count must be above 0; received {values.count}.")
    seeds = np.arange(values.seed, values.seed + values.count, dtype=np.int64)
    images, version = [], None
    with Client(values.server) as client, tqdm(total=len(seeds), unit="sample", leave=False) as bar:
        for first in range(0, len(seeds), _ROWS):
            rows = seeds[first : first + _ROWS]
            inputs = (
                {"seed": rows} if values.label is None else {"seed": rows, "label": np.full_like(rows, values.label)}
            )
            reply = client.predict(positional[0], inputs, signature="sample", version=version)
            version = reply.version
            images.append(reply["images"])
            bar.update(len(rows))
    samples = np.concatenate(images)
    if out.suffix == ".npz":
        np.savez_compressed(out, images=samples, seed=seeds)
    else:
        from zoo import pictures

        pictures.grid(samples).save(out)
    print(f"{len(seeds)} samples of {positional[0]} version {version}: {out}")


# explain


def _explain_flags(v: flags.FlagValues) -> None:
    flags.DEFINE_integer("seed", None, "explain the model's own sample of this seed instead of an image", flag_values=v)
    flags.DEFINE_string(
        "server", None, f"host:port of a server; default {SERVER} unless --models is given", flag_values=v
    )
    flags.DEFINE_string("models", None, "folder of exported models, instead of a server", flag_values=v)
    flags.DEFINE_string(
        "target",
        None,
        "output to explain, as in logits, discriminate:probability or class_logits[3]",
        flag_values=v,
    )
    flags.DEFINE_integer("cells", 7, "rows and columns of the grid", flag_values=v)
    flags.DEFINE_string(
        "baseline", "0", "what a hidden part shows: a grey value in [0, 1], or `mean`, the part's own", flag_values=v
    )
    flags.DEFINE_integer("samples", 1000, "perturbed images", flag_values=v)
    flags.DEFINE_integer("random_seed", 0, "of the perturbations", flag_values=v)
    flags.DEFINE_string("out", "explanation.png", ".png, .json or .html", flag_values=v)


def _explain(values: Any, positional: list[str]) -> None:
    _extra(positional, 2)
    model, *image = positional
    if bool(image) == (values.seed is not None):
        raise UserError("Give an image to explain, or --seed for the model's own sample of that seed: one of the two.")
    if values.server and values.models:
        raise UserError("--server and --models exclude each other: the model is served, or read from its folder.")
    import explain

    with _source(values, model) as source:
        x = explain.read_image(Path(image[0]), source.shape) if image else source.sample(values.seed)
        grid = explain.grid(x.shape, cells=values.cells)
        found = explain.explain(
            source, x, map=grid, samples=values.samples, seed=values.random_seed, baseline=_baseline(values.baseline)
        )
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


# demo


def _demo_flags(v: flags.FlagValues) -> None:
    flags.DEFINE_string("out", "demo", "folder for the page and all that it came from", flag_values=v)
    flags.DEFINE_string("data", "mnist-5k", "data set", flag_values=v)
    flags.DEFINE_integer("gan_epochs", 30, "epochs of the DCGAN", flag_values=v)
    flags.DEFINE_integer("vae_epochs", 30, "epochs of the VAE", flag_values=v)


def _demo(values: Any, positional: list[str]) -> None:
    _extra(positional, 0)
    from zoo import demo

    demo.run(Path(values.out), data=values.data, gan_epochs=values.gan_epochs, vae_epochs=values.vae_epochs)


COMMANDS = {
    c.name: c
    for c in (
        Command(
            "list",
            "The models of the zoo, a model's parameters, or the data sets.",
            "[MODEL]",
            "zoo list vae",
            _list_flags,
            _list,
        ),
        Command(
            "train",
            "Trains a model, or continues the run in --out.",
            "MODEL [key=value ...]",
            "zoo train vae latent=8 --data digits --epochs 2 --out runs/vae",
            _train_flags,
            _train,
        ),
        Command(
            "export",
            "Writes a run as the next version of a servable model.",
            "RUN",
            "zoo export runs/vae --models models",
            _export_flags,
            _export,
        ),
        Command(
            "serve",
            "Serves every model in a folder over gRPC, as TF Serving does.",
            "",
            "zoo serve --models models --port 8500",
            _serve_flags,
            _serve,
        ),
        Command(
            "sample",
            "Asks a server for samples.",
            "MODEL",
            "zoo sample vae --count 16 --server 127.0.0.1:8500 --out samples.png",
            _sample_flags,
            _sample,
            tensorflow=False,
        ),
        Command(
            "explain",
            "Shows which parts of an image decided what a model says of it (LIME).",
            "MODEL [IMAGE]",
            "zoo explain dcgan --seed 3 --models models --out explanation.html",
            _explain_flags,
            _explain,
        ),
        Command(
            "demo",
            "Trains, exports, serves, samples, explains, and writes one page about it.",
            "",
            "zoo demo --out demo",
            _demo_flags,
            _demo,
        ),
    )
}


def _help() -> str:
    lines = [
        "zoo: generative models, trained with one engine, served as TF Serving serves, explained.",
        "",
        "commands:",
    ]
    lines += [f"  {c.name:<8} {c.summary}" for c in COMMANDS.values()]
    return "\n".join(
        [*lines, "", "`zoo COMMAND --help` shows its flags and an example.", "", "example:", "  zoo list", ""]
    )


def call(arguments: Sequence[str]) -> None:
    """Runs one command in this process. Errors: UserError and each package's own."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_help())
        return
    if arguments[0] not in COMMANDS:
        raise unknown("command", arguments[0], COMMANDS)
    command = COMMANDS[arguments[0]]
    if {"-h", "--help"} & set(arguments[1:]):
        print(command.usage())
    else:
        command(arguments[1:])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit code: 0, 2 for a mistake in what was asked for, 1 for a failure, 130 when interrupted."""
    logging.getLogger("absl").setLevel(logging.ERROR)
    try:
        call(sys.argv[1:] if arguments is None else arguments)
    except _mistakes() as error:
        print(f"zoo: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "zoo: interrupted. The same `zoo train` command continues from its last checkpoint.",
            file=sys.stderr,
        )
        return 130
    except Exception as error:
        if not isinstance(error, _failures()):
            raise
        print(f"zoo: {error}", file=sys.stderr)
        return 1
    return 0


def _imported(*names: str) -> tuple[type[BaseException], ...]:
    """The errors of these names, `module:class`, as far as their modules were imported."""
    found = (getattr(sys.modules.get(m), c, None) for m, _, c in (n.partition(":") for n in names))
    return tuple(kind for kind in found if kind)


def _mistakes() -> tuple[type[BaseException], ...]:
    """Errors that are the user's: exit code 2."""
    return (UserError, *_imported("explain.errors:RequestError", "serving.errors:BadOption"))


def _failures() -> tuple[type[BaseException], ...]:
    """Errors whose message is meant for people: exit code 1."""
    return (
        Failure,
        *_imported("serving.errors:ServingError", "serving.errors:CannotServe", "explain.errors:ExplainError"),
    )
