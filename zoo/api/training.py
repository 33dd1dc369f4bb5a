"""`zoo.train`: a recipe and data -> a trained run."""

import dataclasses
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import keras
import numpy as np

from zoo import data as datasets
from zoo.api.run import Run
from zoo.api.values import is_frame
from zoo.core import registry
from zoo.core.config import ReadConfig, RunConfig, TrainConfig
from zoo.core.errors import UserError, unknown
from zoo.core.registry import Recipe
from zoo.training import run
from zoo.training.callbacks import Callback

OPTIONS = tuple(field.name for field in dataclasses.fields(TrainConfig))
"""The options of training, as `zoo train --help` has them."""


def train(
    recipe: str | Recipe,
    data: Any,
    *,
    labels: Any = None,
    kind: str | None = None,
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    callbacks: Sequence[Callback] = (),
    **parameters: Any,
) -> Run:
    """Trains a model and returns its run.

    Args:
      recipe: a name of `zoo list`, or a recipe: a function under `@recipe`.
      data: an array with one row for each example, a mapping of arrays by feature, a DataFrame, a tf.data.Dataset of
        examples, or whatever `zoo train --data` takes: a name, a folder, a file. Pictures are uint8 or floats.
      labels: (N,) numbers from 0 or names of classes, for an array, a DataFrame or a Dataset without them.
      kind: what the examples of an array are: image, video, volume, audio, series, table or vector.
      size: pixels, one number or (height, width), to which pictures are resized.
      channels: 1 or 3, for grey or colour.
      epochs, batch_size: by default the recipe's own.
      seed: everything random follows from it.
      out: the run's folder; the same call continues a run that is in it. By default a temporary one, which is removed
        with the run that is returned; `Run.save` keeps it.
      callbacks: each a keras.callbacks.Callback or a function of (epoch from 1, means by name).
      parameters: those of the recipe, as `zoo list NAME` shows them; options of training, as `zoo train --help` shows
        them (learning_rate, ema, precision and others; a name that both have is the recipe's); and keras.Models of
        your own in the place of the recipe's networks: encoder, decoder, generator, discriminator. Copies are trained.

    Errors: UserError for parameters and data that do not fit; Failure and its kinds where training fails.
    """
    made = recipe if isinstance(recipe, Recipe) else _named(recipe)
    options, own, networks = _sorted(made, parameters)
    loaded = load(data, labels=labels, kind=kind, size=size, channels=channels)
    config = RunConfig(
        model=made.name,
        data=loaded.name,
        size=(size, size) if isinstance(size, int) else size,
        channels=channels,
        parameters=own,
        training=made.config(epochs=epochs, batch_size=batch_size, seed=seed, **options),
        read=ReadConfig(kind=kind),
    )
    folder = Path(out or tempfile.mkdtemp(prefix=f"zoo-{made.name}-")).expanduser()
    try:
        finished = _trained(config, folder, loaded, networks, callbacks)
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


def _sorted(made: Recipe, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, keras.Model]]:
    """Options of training, the recipe's parameters, and networks of the user's, told apart by name and type."""
    networks = {name: value for name, value in given.items() if isinstance(value, keras.Model)}
    given = {name: value for name, value in given.items() if name not in networks}
    for name in given:
        if name not in made.parameters and name not in OPTIONS:
            raise unknown(f"parameter of {made.name} or option of training", name, {*made.parameters, *OPTIONS})
    own = {name: _plain(value) for name, value in given.items() if name in made.parameters}
    for name, value in own.items():
        wanted = made.parameters[name].annotation
        if not _is(value, wanted):
            shown = getattr(wanted, "__name__", str(wanted)) if not get_args(wanted) else str(wanted)
            raise UserError(f"{name} of {made.name} is of the type {shown}; received {value!r}.")
    options = {name: value for name, value in given.items() if name not in made.parameters}
    return options, own, networks


def _plain(value: Any) -> Any:
    """A parameter as a run's configuration keeps it: no numbers of numpy's, tuples instead of lists."""
    if isinstance(value, np.generic):
        return value.item()
    return tuple(map(_plain, value)) if isinstance(value, list | tuple | np.ndarray) else value


def _is(value: Any, wanted: Any) -> bool:
    """Whether a value is of a parameter's type, as far as that is one of those that the command line takes."""
    if get_origin(wanted) is tuple:
        return isinstance(value, tuple) and all(_is(item, get_args(wanted)[0]) for item in value)
    if wanted in (int, float):
        return isinstance(value, int if wanted is int else (int, float)) and not isinstance(value, bool)
    return isinstance(value, wanted) if wanted in (bool, str) else True


def load(data: Any, *, labels: Any, kind: str | None, size: Any, channels: int | None) -> datasets.Data:
    """Anything that `train` takes for data. Errors: UserError."""
    if isinstance(data, datasets.Data):
        return data
    if isinstance(data, str | Path):
        if labels is not None:
            raise UserError("labels belong to arrays; a data set by name or path has its own.")
        return datasets.load(str(data), size=size, channels=channels, kind=kind)
    return datasets.of(data, labels=labels, kind=kind, size=size, channels=channels)
