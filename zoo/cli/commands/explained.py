"""The command `explain`: which parts of an input decided a model's output."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.cli.command import command
from zoo.cli.connection import SERVER
from zoo.cli.flags import PAIR, Flag
from zoo.core.errors import UserError

EXAMPLES = 256
"""Training examples for the baselines patches:DATA and training:DATA."""

REFERENCE = 15
"""Training examples of the reference batch."""


@command(
    "explain",
    "MODEL [IMAGES...]",
    example="zoo explain dcgan --seed 3 --models models --out explanation.html",
    flags=[
        Flag("seed", int, None, "explain the sample that the model generates from this seed, or from --count seeds"),
        Flag("data", str, None, "explain the first examples of the test split of this data set"),
        Flag("count", int, 1, "number of samples or examples; several give a folder with an index page"),
        Flag("server", str, None, f"host:port of a server; default {SERVER} without --models"),
        Flag("models", str, None, "folder of exported models, instead of a server"),
        Flag("version", int, None, "of the model; default the latest"),
        Flag("target", str, None, "logits, discriminate:probability, class_logits[3]-class_logits[5], anomaly:score"),
        Flag("label", int, None, "the class of the input, for conditional models"),
        Flag("map", str, None, "grid:7, grid:4x4x4, slic:50, felzenszwalb:20, time:20, cells:6x8; default by input"),
        Flag("engine", ("fast", "lime"), "fast", "balanced masks, as few as needed, or the package lime"),
        Flag(
            "baseline",
            str,
            None,
            "what replaces a masked part: a value, mean, blur, patches:DATA, training:DATA; default mean, 0 for rows",
        ),
        Flag("samples", int, None, "most perturbed inputs; default by engine"),
        Flag("quality", bool, False, "evaluate faithfulness, stability and sanity too; takes some seconds"),
        Flag("reference", str, None, "data set for a reference batch, for models whose output depends on their batch"),
        Flag("compare", PAIR, [], "two versions, as in --compare 1 2: side by side, with the same masks"),
        Flag("aggregate", bool, False, "also the mean explanation over all inputs"),
        Flag("attack", bool, False, "also the smallest change of the input that changes the decision; needs --models"),
        Flag("threshold", float, 0.0, "of the target, where the decision changes"),
        Flag("random_seed", int, 0, "of the masks"),
        Flag("out", str, None, "explanation.png, .html, .json or .npz; for several inputs a folder"),
    ],
)
def _explain(values: Any, positional: list[str]) -> None:
    model, *files = positional
    _check(values, files)
    with _source(values, model, values.version) as source:
        inputs = list(_inputs(values, files, source))
        options = _options(values, source)
        if values.compare:
            _compare(values, model, inputs[0], options)
        elif len(inputs) == 1 and not values.aggregate:
            _one(values, source, inputs[0], options)
        else:
            _many(values, source, inputs, options)


def _check(values: Any, files: list[str]) -> None:
    if [bool(files), values.seed is not None, values.data is not None].count(True) != 1:
        raise UserError(
            "Give an image to explain, or --seed for samples of the model, or --data for examples of a data set: "
            "one of the three."
        )
    if values.server and values.models:
        raise UserError("Give --server or --models, not both: the model is served, or read from its folder.")
    if values.count < 1:
        raise UserError(f"--count is 1 or more; received {values.count}.")
    if values.compare and (len(values.compare) != 2 or not all(v.isdecimal() for v in values.compare)):
        raise UserError(f"--compare takes two versions, as in --compare 1 2; received {' '.join(values.compare)}.")
    if values.compare and (values.count > 1 or len(files) > 1 or values.aggregate or values.attack):
        raise UserError("--compare takes one input, without --aggregate and --attack.")
    if values.attack and not values.models:
        raise UserError("--attack needs gradients, which a server does not give: use --models instead of --server.")


def _source(values: Any, model: str, version: int | None) -> Any:
    from explain import Local, Remote

    named = {"target": values.target, "label": values.label, "version": version}
    return Local(values.models, model, **named) if values.models else Remote(values.server or SERVER, model, **named)


def _inputs(values: Any, files: list[str], source: Any) -> Iterator[NDArray[Any]]:
    if values.data is not None:
        yield from _examples(values.data, "test", values.count)
    elif values.seed is not None:
        yield from (source.sample(values.seed + i) for i in range(values.count))
    for file in files:
        yield _read(Path(file), source.shape)


def _read(path: Path, shape: Any) -> NDArray[Any]:
    import explain

    if path.suffix == ".npy":
        try:
            return np.asarray(np.load(path))
        except (OSError, ValueError) as error:
            raise UserError(f"{path} cannot be read as an array ({error}). Give a .npy file of numbers.") from None
    if shape is not None and len(shape) != 3:
        raise UserError(f"The model takes inputs of shape {tuple(shape)}, not images: give a .npy file with one input.")
    return explain.read_image(path, shape)


def _examples(name: str, split: str, count: int) -> NDArray[Any]:
    """The first examples of a data set, in the range that served models take."""
    from zoo import data

    found = data.load(name)
    wire = found.spec.feature.to_wire("x", getattr(found, split).arrays(count)[found.spec.target])
    if list(wire) != ["x"]:
        raise UserError(f"{name} is a table of columns; give a .npy file with the inputs as the model takes them.")
    return np.asarray(wire["x"], np.float32)


def _options(values: Any, source: Any) -> dict[str, Any]:
    reference = None if values.reference is None else _examples(values.reference, "train", REFERENCE)
    return {
        "map": _map(values.map),
        "samples": values.samples,
        "baseline": _baseline(values.baseline, source.shape),
        "seed": values.random_seed,
        "engine": values.engine,
        "reference": reference,
        "quality": values.quality,
    }


def _map(text: str | None) -> Callable[[NDArray[Any]], Any] | None:
    """`kind:numbers` -> a function of the input."""
    import explain

    if text is None:
        return None
    kind, _, numbers = text.partition(":")
    makers: dict[str, Callable[..., Any]] = {
        "grid": lambda x, *n: explain.grid(x.shape, n * 2 if len(n) == 1 else n or None),
        "slic": explain.slic,
        "felzenszwalb": explain.felzenszwalb,
        "time": lambda x, *n: explain.time_segments(x.shape, *n),
        "cells": lambda x, *n: explain.cells(len(x), *n),
    }
    try:
        given = [int(n) for n in numbers.split("x")] if numbers else []
        make = makers[kind]
    except (KeyError, ValueError):
        known = "grid:7, grid:8x6, grid:4x4x4, slic:50, felzenszwalb:20, time:20, cells:6x8"
        raise UserError(f"There is no map {text!r}. Known: {known}.") from None
    return lambda x: make(x, *given)


def _baseline(text: str | None, shape: Any) -> Any:
    from explain import Patches

    if text is None:
        return "mean" if shape is None or len(shape) > 2 else 0.0
    rule, _, name = text.partition(":")
    if name and rule in ("patches", "training"):
        examples = _examples(name, "train", EXAMPLES)
        return Patches(examples) if rule == "patches" else examples.mean(axis=0)
    try:
        return float(text)
    except ValueError:
        return text


def _one(values: Any, source: Any, x: NDArray[Any], options: dict[str, Any]) -> None:
    import explain
    from explain.report import pages
    from explain.report.explanation import check_format

    out = Path(values.out or ("explanation.html" if values.attack else "explanation.png"))
    if values.attack and out.suffix != ".html":
        raise UserError(f"An attack is written as a page: --out attack.html; received {out}.")
    check_format(out)
    found = explain.explain(source, x, **options)
    print(found.summary)
    if values.attack:
        attack = explain.attack(source, x, threshold=values.threshold)
        print(attack.summary)
        pages.write(out, pages.page(found, attack))
    else:
        found.save(out)
    print(out)


def _compare(values: Any, model: str, x: NDArray[Any], options: dict[str, Any]) -> None:
    import explain
    from explain.report import pages

    out = Path(values.out or "comparison.html")
    if out.suffix != ".html":
        raise UserError(f"A comparison is written as a page: --out comparison.html; received {out}.")
    one, other = map(int, values.compare)
    with _source(values, model, one) as first, _source(values, model, other) as second:
        pair = explain.compare(first, second, x, **options)
    for found in pair:
        print(f"version {found.version}\n{found.summary}")
    print(f"rank correlation of the two: {explain.rank_correlation(*pair):.2f}")
    pages.write(out, pages.comparison(*pair))
    print(out)


def _many(values: Any, source: Any, inputs: list[NDArray[Any]], options: dict[str, Any]) -> None:
    import explain
    from explain.report import pages, pictures
    from explain.report.explanation import FORMATS

    out = Path(values.out or "explanations")
    if out.suffix.lower() in FORMATS:
        raise UserError(f"{len(inputs)} explanations are written to a folder: --out explanations; received {out}.")
    found = explain.explain_many(source, inputs, progress=True, **options)
    named = [(f"{i:04}.html", e) for i, e in enumerate(found)]
    for address, e in named:
        attack = explain.attack(source, e.x, threshold=values.threshold) if values.attack else None
        pages.write(out / address, pages.page(e, attack))
        e.save(out / address.replace(".html", ".json"))
    above = pictures.aggregated(explain.aggregate(found)) if values.aggregate else None
    if above:
        (out / "aggregate.png").write_bytes(above)
    pages.write(out / "index.html", pages.index(named, above))
    trusted = sum(e.trust in ("trust", "caution") for e in found)
    print(f"{trusted} of {len(found)} can be trusted, at least in their largest coefficients.\n{out / 'index.html'}")
