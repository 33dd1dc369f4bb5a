"""Commands about codes: latent, anomaly, compress."""

from pathlib import Path
from typing import Any

from zoo.cli.command import command
from zoo.cli.connection import MODELS, Model
from zoo.cli.examples import HeldOut, held_out
from zoo.cli.flags import Flag
from zoo.core.errors import UserError

_DATA = Flag("data", str, "mnist-5k", "data with the held-out examples to encode")


@command(
    "latent",
    "MODEL",
    example="zoo latent vae --interpolate --data digits --models models --out latent.png",
    flags=[
        Flag("map", bool, False, "a plane of codes, for a model with two numbers in a code"),
        Flag("interpolate", bool, False, "from one example to another, along a line and along a great circle"),
        Flag("traverse", bool, False, "one number of the code at a time, the others as in one example"),
        Flag("attribute", str, None, "add what distinguishes a class, as in 8, or one class from another, as in 8-3"),
        Flag("extent", float, None, "largest value of a code; default: 15 for a map, 3 for traversals"),
        Flag("steps", int, None, "pictures in a row; default: 21 for a map, else 11"),
        Flag("count", int, 6, "examples to encode"),
        Flag("seed", int, 0, "seed of the choice of examples"),
        _DATA,
        *MODELS,
        Flag("out", str, "latent.png", "the picture, a .png"),
    ],
    tensorflow=False,
)
def _latent(values: Any, positional: list[str]) -> None:
    modes = {name: values[name] for name in ("map", "interpolate", "traverse", "attribute")}
    chosen = [name for name, value in modes.items() if value not in (None, False)]
    if len(chosen) != 1:
        raise UserError(
            f"Give one of --map, --interpolate, --traverse and --attribute; received {len(chosen)} of them."
        )
    if not values.out.endswith(".png"):
        raise UserError(f"--out ends in .png; received {values.out}.")
    from zoo.display import pictures

    with Model(values, positional[0]) as model:
        model.needs("decode", *(["encode"] if chosen[0] != "map" else []))
        codes, columns, labels = _WALKS[chosen[0]](values, model)
        decoded = model("decode", codes=codes, label=labels)
    if "images" not in decoded or decoded["images"].ndim != 4:
        raise UserError(f"{model.name} decodes codes to {', '.join(decoded)}, of which there is no picture here.")
    images = decoded["images"]
    Path(values.out).parent.mkdir(parents=True, exist_ok=True)
    pictures.grid(images, columns=columns).save(values.out)
    print(f"{len(images)} decoded codes of {model.name}: {values.out}")


def _plane(values: Any, model: Model) -> tuple[Any, int, Any]:
    from zoo.applications import latent

    size = (model.shapes("decode")["codes"] or (0,))[-1]
    if size != 2:
        raise UserError(f"A map is of two codes; {model.name} has {size}. Train one with latent=2, or try --traverse.")
    steps = values.steps or 21
    codes = latent.plane(values.extent or 15.0, steps)
    return codes, steps, codes[:, 0].astype(int) * 0


def _between(values: Any, model: Model) -> tuple[Any, int, Any]:
    import numpy as np

    from zoo.applications import latent

    codes, labels = _encoded(values, model, 2 * values.count)
    steps = values.steps or 11
    pairs = list(zip(codes[::2], codes[1::2], strict=True))
    ways = [way(a, b, steps) for a, b in pairs for way in (latent.linear, latent.spherical)]
    return np.concatenate(ways), steps, _repeated(labels, 2 * steps, slice(None, None, 2))


def _one_by_one(values: Any, model: Model) -> tuple[Any, int, Any]:

    from zoo.applications import latent

    codes, labels = _encoded(values, model, 1)
    steps = values.steps or 11
    rows = latent.traverse(codes[0], values.extent or 3.0, steps)
    return rows, steps, _repeated(labels, len(rows))


def _with_attribute(values: Any, model: Model) -> tuple[Any, int, Any]:
    import numpy as np

    from zoo.applications import latent

    codes, labels = _encoded(values, model, None)
    if labels is None:
        raise UserError(f"--attribute needs classes, and {values.data} has no labels. Give labelled --data.")
    a, dash, b = values.attribute.partition("-")
    try:
        has, lacks = labels == int(a), (labels == int(b)) if dash else labels != int(a)
    except ValueError:
        raise UserError(f"--attribute is a class, or two as in 8-3; received {values.attribute!r}.") from None
    if not (has.any() and lacks.any()):
        raise UserError(f"--attribute {values.attribute}: the data has the classes {sorted(set(labels.tolist()))}.")
    way = latent.attribute(codes[has | lacks], has[has | lacks])
    steps = values.steps or 11
    start = codes[lacks][: values.count]
    rows = start[:, None] + np.linspace(0.0, 1.5, steps, dtype=np.float32)[:, None] * way
    return rows.reshape(-1, codes.shape[1]).astype(np.float32), steps, np.repeat(labels[lacks][: values.count], steps)


_WALKS = {"map": _plane, "interpolate": _between, "traverse": _one_by_one, "attribute": _with_attribute}


def _repeated(labels: Any, times: int, chosen: slice = slice(None)) -> Any:
    """Each of the chosen labels so often; None where there are none."""
    return None if labels is None else labels[chosen].repeat(times)


def _encode(model: Model, examples: HeldOut) -> Any:
    """The model's codes; of a distribution of them the mean."""
    found = model("encode", label=examples.label, **examples.inputs)
    return found["mean"] if "mean" in found else found["codes"]


def _encoded(values: Any, model: Model, count: int | None) -> tuple[Any, Any]:
    """The codes of held-out examples, `count` of them in the order of the seed, and their labels."""
    import numpy as np

    examples = held_out(values.data, model.shapes("encode"))
    chosen = examples.take(np.random.default_rng(values.seed).permutation(len(examples))[:count])
    codes = _encode(model, chosen)
    if codes.dtype.kind != "f":
        raise UserError(f"{model.name}'s codes are whole numbers: there is no way between two of them.")
    return codes, chosen.label


@command(
    "anomaly",
    "MODEL [DATA]",
    example="zoo anomaly vae faces --data digits --rate 0.05 --models models --out anomalies.csv",
    flags=[
        Flag("rate", float, 0.05, "share of normal examples that may be reported as anomalies"),
        Flag("data", str, "mnist-5k", "normal data, whose held-out examples set the threshold"),
        *MODELS,
        Flag("out", str, "anomalies.csv", "CSV file with a row for each example"),
    ],
    tensorflow=False,
)
def _anomaly(values: Any, positional: list[str]) -> None:
    from zoo.applications import anomaly

    if not 0 < values.rate < 1:
        raise UserError(f"--rate is a share between 0 and 1, as in 0.05; received {values.rate}.")
    name, *other = positional
    with Model(values, name) as model:
        model.needs("anomaly")
        shapes = model.shapes("anomaly")
        examples = held_out(values.data, shapes)
        normal = model("anomaly", label=examples.label, **examples.inputs)["score"]
        # Half sets the threshold and the other half tests it: on the same examples the rate would be met by itself.
        limit = anomaly.threshold(normal[::2], values.rate)
        print(f"threshold {limit:.6g}, for a false alarm in {values.rate:.1%} of {values.data}'s held-out examples")
        print(f"false alarms among {len(normal[1::2])} others of them: {anomaly.alarms(normal[1::2], limit):.1%}")
        scores = normal
        if other:
            examples = held_out(other[0], shapes)
            scores = model("anomaly", label=examples.label, **examples.inputs)["score"]
            print(f"anomalies among {len(scores)} of {other[0]}: {anomaly.alarms(scores, limit):.1%}")
    anomaly.write(Path(values.out), scores, limit)
    print(values.out)


@command(
    "compress",
    "MODEL",
    example="zoo compress vae --data digits --models models --out codes.npz",
    flags=[
        Flag("bits", int, 8, "bits for each number of a code, 1 to 16"),
        Flag("data", str, "mnist-5k", "data with the held-out examples to compress"),
        *MODELS,
        Flag("out", str, "codes.npz", "an .npz with the compressed codes"),
    ],
    tensorflow=False,
)
def _compress(values: Any, positional: list[str]) -> None:
    from zoo.applications import compression

    if not 1 <= values.bits <= 16:
        raise UserError(f"--bits is 1 to 16; received {values.bits}.")
    if not values.out.endswith(".npz"):
        raise UserError(f"--out ends in .npz; received {values.out}.")
    with Model(values, positional[0]) as model:
        model.needs("encode", "decode")
        examples = held_out(values.data, model.shapes("encode"))
        packed = compression.pack(_encode(model, examples), values.bits)
        again = model("decode", codes=compression.unpack(packed), label=examples.label)
    name, *more = examples.inputs
    if more:
        raise UserError(f"{model.name} encodes the columns of a table; codes of pictures and signals are compressed.")
    compression.save(Path(values.out), packed)
    print(compression.summary(examples.inputs[name], again[name], packed))
    print(values.out)
