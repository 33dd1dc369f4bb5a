"""Commands about what GANs are good for: complete, augment."""

import csv
import io
from pathlib import Path
from typing import Any

from zoo.cli.command import command
from zoo.cli.connection import MODELS, Model
from zoo.cli.examples import held_out
from zoo.cli.flags import Flag
from zoo.core.errors import UserError

_HIDDEN = ("center", "left", "right", "top", "bottom", "none")


@command(
    "complete",
    "MODEL",
    example="zoo complete dcgan --hide left --data digits --models models --steps 50 --out completed.png",
    flags=[
        Flag("models", str, "models", "folder of exported models"),
        Flag("data", str, "mnist-5k", "data with the held-out examples to complete"),
        Flag("hide", _HIDDEN, "center", "part of each image that is hidden"),
        Flag("count", int, 8, "examples to complete"),
        Flag("steps", int, 200, "steps of each search"),
        Flag("starts", int, 4, "searches for each example; the best is kept"),
        Flag("seed", int, 0, "seed of the searches' starts"),
        Flag(
            "out",
            str,
            "completed.png",
            "a picture of originals, hidden and completed images; or a .csv of scores",
        ),
    ],
)
def _complete(values: Any, positional: list[str]) -> None:
    import numpy as np

    from zoo.applications import inversion as search
    from zoo.display import pictures

    out = Path(values.out)
    if out.suffix not in (".png", ".csv"):
        raise UserError(f"--out ends in .png or .csv; received {out}.")
    for name in ("count", "steps", "starts"):
        if values[name] < 1:
            raise UserError(f"--{name} must be above 0; received {values[name]}.")
    model = search.Exported(Path(values.models), positional[0])
    if len(model.shape) != 3:
        raise UserError(f"{positional[0]} draws rows of numbers, {list(model.shape)}, of which no part can be hidden.")
    images = held_out(values.data, {"images": (None, *model.shape)}).inputs["images"][: values.count]
    known = search.hidden(values.hide, model.shape)
    options = {"seed": values.seed, "starts": values.starts, "steps": values.steps}
    found = search.search(model.generate, images, known, model.latent, realism=model.realism_loss, **options)
    completed = known * images + (1.0 - known) * found.images
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".csv":
        _write(out, found.error.tolist())
    else:
        shown = np.concatenate([images, known * images, completed if known.min() == 0 else found.images])
        pictures.grid(shown, columns=len(images)).save(out)
    print(f"mean absolute difference over what is known: {found.error.mean():.4f}")
    if known.min() == 0:
        off = np.abs(completed - images).sum() / ((1.0 - known).sum() * images.shape[-1] * len(images))
        print(f"and over what was hidden: {off:.4f}")
    print(out)


def _write(path: Path, scores: list[float]) -> None:
    """A row for each example."""
    from serving.protocol.files import write_whole

    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["example", "score"])
    writer.writerows((i, f"{score:.6g}") for i, score in enumerate(scores))
    write_whole(path, text.getvalue())


@command(
    "augment",
    "MODEL",
    example="zoo augment cgan --count 20 --data digits --models models --out augmented.npz",
    flags=[
        Flag("count", int, 100, "samples of each class"),
        Flag("seed", int, 0, "seed of the first sample"),
        Flag("data", str, "mnist-5k", "real data that the classifier is tested on"),
        *MODELS,
        Flag("out", str, "augmented.npz", "an .npz with images in [0, 1] and labels, as `--data` reads"),
    ],
    tensorflow=False,
)
def _augment(values: Any, positional: list[str]) -> None:
    import numpy as np

    out = Path(values.out)
    if out.suffix != ".npz":
        raise UserError(f"--out ends in .npz; received {out}.")
    if values.count < 1:
        raise UserError(f"--count must be above 0; received {values.count}.")
    with Model(values, positional[0]) as model:
        model.needs("sample")
        if "label" not in model.signatures["sample"].inputs:
            raise UserError(f"{model.name} is not conditioned on a class; cgan, acgan and conditional_vae are.")
        real = _real(values)
        label = np.tile(np.arange(real.spec.classes, dtype=np.int64), values.count)
        seeds = np.arange(values.seed, values.seed + len(label), dtype=np.int64)
        images = model("sample", seed=seeds, label=label)["images"]
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out, images=images, label=label)
    found = _learnt(real, images, label)
    print(f"accuracy on {values.data}'s held-out examples, learnt from as many")
    print(f"  real examples: {found.real.value:.3f}\n  samples: {found.from_fake.value:.3f}")
    print(f"{len(label)} samples of {real.spec.classes} classes: {out}")


def _real(values: Any) -> Any:
    """The data. Errors: UserError where it has no labels."""
    from serving.protocol import tf_import

    tf_import.import_tensorflow()
    from zoo import data

    found = data.load(values.data)
    if not found.spec.classes:
        raise UserError(f"{values.data} has no labels to draw samples of. Give labelled --data.")
    return found


def _learnt(real: Any, images: Any, label: Any) -> Any:
    """What classifiers learn from real examples and from samples."""
    from zoo.core.features import from_unit
    from zoo.evaluation.metrics.cross_accuracy import Labelled, cross_accuracy

    if images.shape[1:] != real.spec.shape:
        raise UserError(f"The samples have shape {images.shape[1:]}, the data {real.spec.shape}. Give other --data.")
    arrays = [part.arrays() for part in (real.train, real.test)]
    train, test = (Labelled(a[real.spec.target], a["label"]) for a in arrays)
    return cross_accuracy(train, test, Labelled(from_unit(images), label), seed=0)
