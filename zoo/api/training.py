"""`zoo.train`: a recipe and data -> a trained run."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from zoo import data as datasets
from zoo.api.arguments import sort
from zoo.api.run import Run
from zoo.api.values import is_frame
from zoo.core import registry
from zoo.core.config import ReadConfig, RunConfig
from zoo.core.errors import UserError
from zoo.core.registry import Recipe
from zoo.training import run
from zoo.training.callbacks import Callback


def train(
    recipe: str | Recipe,
    data: Any,
    *,
    labels: Any = None,
    kind: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    callbacks: Sequence[Callback] = (),
    **arguments: Any,
) -> Run:
    """Trains a model and returns its run.

    Args:
      recipe: a name of `zoo list`, or a recipe: a function under `@recipe`.
      data: an array with one row for each example, a mapping of arrays by feature, a DataFrame, a tf.data.Dataset of
        examples, or whatever `zoo train --data` takes: a name, a folder, a file. Pictures are uint8 or floats.
      labels: (N,) numbers from 0 or names of classes, for an array, a DataFrame or a Dataset without them.
      kind: what the examples of an array are: image, video, volume, audio, series, table or vector.
      epochs, batch_size: by default the recipe's own.
      seed: everything random follows from it.
      out: the run's folder; the same call continues a run that is in it. By default a temporary one, which is removed
        with the run that is returned; `Run.save` keeps it.
      callbacks: each a keras.callbacks.Callback or a function of (epoch from 1, means by name).
      arguments: parameters of the recipe, as `zoo list NAME` shows them; options of training, as `zoo train --help`
        shows them, learning_rate, ema, precision and others; options of `zoo.data.load`, size, channels, range and
        others; and keras.Models of your own in the place of the recipe's networks: encoder, decoder, generator,
        discriminator, of which copies are trained. A name that the recipe has too is the recipe's.

    Errors: UserError for parameters and data that do not fit; Failure and its kinds where training fails.
    """
    made = recipe if isinstance(recipe, Recipe) else _named(recipe)
    named = {"epochs": epochs, "batch_size": batch_size, "seed": seed, "kind": kind}
    found = sort(made, {name: value for name, value in named.items() if value is not None} | arguments)
    loaded = load(data, labels, found.reading)
    size = found.reading.pop("size", None)
    config = RunConfig(
        model=made.name,
        data=loaded.name,
        size=(size, size) if isinstance(size, int) else size,
        channels=found.reading.pop("channels", None),
        parameters=found.parameters,
        training=made.config(**found.training),
        read=ReadConfig(**found.reading),
    )
    folder = Path(out or tempfile.mkdtemp(prefix=f"zoo-{made.name}-")).expanduser()
    try:
        finished = _trained(config, folder, loaded, found.networks, callbacks)
    except BaseException:
        if out is None:
            shutil.rmtree(folder)
        raise
    if out is None:
        weakref.finalize(finished, shutil.rmtree, folder, ignore_errors=True)
    if is_frame(data):
        finished.give_frames(data[:0])
    return finished


def _trained(
    config: RunConfig,
    folder: Path,
    data: datasets.Data,
    networks: Mapping[str, keras.Model],
    callbacks: Sequence[Callback],
) -> Run:
    command = f"zoo.train({config.model!r}, ...)"
    run.train(config, folder, data=data, networks=networks, callbacks=callbacks, command=command)
    return Run(folder)


def _named(recipe: Any) -> Recipe:
    if not isinstance(recipe, str):
        raise UserError(
            f"A recipe is a name, as 'vae', or a function under @recipe of zoo.core.registry; received {recipe!r}."
        )
    return registry.get(recipe)


def load(data: Any, labels: Any, reading: Mapping[str, Any]) -> datasets.Data:
    """Anything that `train` takes for data.

    Args:
      reading: options of `zoo.data.load`.

    Errors: UserError.
    """
    if isinstance(data, datasets.Data):
        if labels is not None or reading:
            raise UserError("This data has been read already: labels and other options belong to zoo.data.of and load.")
        return data
    if isinstance(data, str | Path):
        if labels is not None:
            raise UserError("labels belong to arrays; a data set by name or path has its own.")
        return datasets.load(str(data), **reading)
    if "skip_broken" in reading:
        raise UserError("skip_broken is for files; data in memory has none. Leave it out.")
    return datasets.of(data, labels=labels, **reading)
