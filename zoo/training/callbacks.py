"""What happens after each epoch: means, the log, previews, warnings, and callbacks of the user's own."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import keras
import tensorflow as tf

from serving.protocol.files import write_whole
from zoo.core.conditions import example_conditions
from zoo.core.errors import UserError
from zoo.core.model import Batch, GenerativeModel
from zoo.core.random import Seed
from zoo.display import preview

Callback = Any
"""A keras.callbacks.Callback, or a function of (epoch from 1, the epoch's means by name). See `Callbacks`."""


class EpochMeans(tf.train.experimental.PythonState):
    """True means over an epoch's steps. A checkpoint keeps them, so that a resumed epoch's are true as well."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Starts an epoch."""
        self.sums: dict[str, tuple[int, float]] = {}

    def add(self, terms: Mapping[str, float]) -> None:
        """One step's terms: not every step has all of them."""
        for key, value in terms.items():
            count, total = self.sums.get(key, (0, 0.0))
            self.sums[key] = count + 1, total + value

    def result(self) -> dict[str, float]:
        """The means so far, each over the steps that had it."""
        return {key: total / count for key, (count, total) in self.sums.items()}

    def serialize(self) -> str:
        """For the checkpoint."""
        return json.dumps(self.sums)

    def deserialize(self, string_value: str) -> None:
        """From the checkpoint."""
        self.sums = {key: (count, total) for key, (count, total) in json.loads(string_value).items()}


class Log:
    """`log.csv`, a row for each epoch, and the same for TensorBoard under `events/`."""

    def __init__(self, folder: Path, first_epoch: int) -> None:
        self._path = folder / "log.csv"
        self._drop(first_epoch)
        self._events = tf.summary.create_file_writer(str(folder / "events"))

    def _rows(self) -> list[dict[str, Any]]:
        if not self._path.exists():
            return []
        with self._path.open(newline="") as file:
            return [row for row in csv.DictReader(file) if row["epoch"]]

    def _write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """The whole file: a later phase of a run may have columns that the first had not."""
        text = io.StringIO(newline="")
        columns = dict.fromkeys(key for row in rows for key in row)
        writer = csv.DictWriter(text, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
        write_whole(self._path, text.getvalue())

    def _drop(self, first_epoch: int) -> None:
        """Drops the rows of epochs that a resumed run repeats."""
        rows = self._rows()
        if rows:
            self._write([row for row in rows if int(row["epoch"]) <= first_epoch])

    def write(self, epoch: int, step: int, seconds: float, means: Mapping[str, float]) -> None:
        """One epoch, numbered from 1."""
        self._write([*self._rows(), {"epoch": epoch, "step": step, "seconds": round(seconds, 3), **means}])
        with self._events.as_default(step=step):
            for key, value in means.items():
                tf.summary.scalar(key, value)
        self._events.flush()


class Previews:
    """`samples/epoch-0001.png` and so on: the same seeds and test examples after each epoch.

    The suffix follows the kind of the feature, see `zoo.display.preview`. A model that is given classes samples each of
    them in turn.
    """

    COUNT = 64

    def __init__(self, folder: Path, model: GenerativeModel, examples: Batch) -> None:
        self._folder, self._spec = folder / "samples", model.spec
        self._folder.mkdir(exist_ok=True)
        self._preview = tf.function(lambda: model.preview(examples, Seed.of(tf.range(self.COUNT))))
        sample = model.signatures().get("sample")
        conditional = sample is not None and "label" in sample.inputs
        self._labels = example_conditions(model.spec, self.COUNT)["label"].numpy() if conditional else None

    def write(self, epoch: int) -> Path:
        """Writes one."""
        samples, spec = self._preview().numpy(), self._spec
        return preview.write(
            samples,
            spec.feature,
            self._folder / f"epoch-{epoch:04d}",
            columns=8 if len(samples) <= self.COUNT else 16,
            labels=self._labels,
            label=spec.features.get("label"),
        )


@final
class _Networks(keras.Model):
    """What a Keras callback takes for its model: all networks, their weights, and `stop_training`."""

    def __init__(self, networks: Sequence[keras.Model]) -> None:
        super().__init__()
        self.networks = list(networks)
        self.built = True


class Callbacks:
    """The user's callbacks: keras.callbacks.Callback, or plain functions of (epoch, means).

    Keras's see `on_train_begin`, `on_epoch_begin`, `on_epoch_end` and `on_train_end`, with epochs from 0 as Keras
    counts them and the epoch's means under their names in log.csv (`vae/loss`); their model has all networks, and
    `model.stop_training = True` ends the run after the epoch. Batches are not reported: they stay on the device.
    """

    def __init__(self, callbacks: Sequence[Callback], model: GenerativeModel, epochs: int, steps: int) -> None:
        wrong = [c for c in callbacks if not callable(c) and not isinstance(c, keras.callbacks.Callback)]
        if wrong:
            raise UserError(
                f"A callback is a keras.callbacks.Callback or a function of (epoch, means); received {wrong[0]!r}."
            )
        own = [c for c in callbacks if isinstance(c, keras.callbacks.Callback)]
        self._functions = [c for c in callbacks if not isinstance(c, keras.callbacks.Callback)]
        self._model = _Networks(model.networks)
        self._model.stop_training = False
        self._keras = keras.callbacks.CallbackList(own, model=self._model, epochs=epochs, steps=steps) if own else None

    def begin(self) -> None:
        """Before the first step."""
        if self._keras:
            self._keras.on_train_begin()

    def epoch_begin(self, epoch: int) -> None:
        """Before an epoch, numbered from 1."""
        if self._keras:
            self._keras.on_epoch_begin(epoch - 1)

    def epoch_end(self, epoch: int, means: Mapping[str, float]) -> None:
        """After an epoch, numbered from 1."""
        if self._keras:
            self._keras.on_epoch_end(epoch - 1, dict(means))
        for function in self._functions:
            function(epoch, dict(means))

    def end(self) -> None:
        """After the last step."""
        if self._keras:
            self._keras.on_train_end()

    @property
    def stop(self) -> bool:
        """Whether a callback asked to end the run."""
        return bool(self._model.stop_training)
