"""Commands that explain what a model said: explain."""

from pathlib import Path
from typing import Any

from zoo.command import SERVER, Flag, command
from zoo.errors import UserError


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
