"""What a run leaves behind after each epoch: its means, its log, its pictures."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from serving.protocol.files import write_whole
from zoo.core.model import Batch, GenerativeModel, to_wire
from zoo.core.random import Seed
from zoo.display import pictures


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
    """`log.csv`, a row an epoch, and the same for TensorBoard under `events/`."""

    def __init__(self, folder: Path, first_epoch: int) -> None:
        self._path = folder / "log.csv"
        self._forget(first_epoch)
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

    def _forget(self, first_epoch: int) -> None:
        """Drops the rows of epochs that a resumed run will do again."""
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


class SampleGrids:
    """`samples/epoch-0001.png`, or .gif for videos, and so on: the same seeds and test examples after each epoch."""

    COUNT = 64

    def __init__(self, folder: Path, model: GenerativeModel, examples: Batch) -> None:
        self._folder = folder / "samples"
        self._folder.mkdir(exist_ok=True)
        self._model = model
        self._draw = tf.function(lambda: model.pictures(examples, Seed.of(tf.range(self.COUNT))))

    def write(self, epoch: int) -> Path | None:
        """Draws; tables of numbers have no picture."""
        if len(self._model.spec.shape) < 3:
            return None
        samples = to_wire(self._draw().numpy())
        columns = 8 if len(samples) <= self.COUNT else 16
        return pictures.save(samples, self._folder / f"epoch-{epoch:04d}.png", columns=columns)
