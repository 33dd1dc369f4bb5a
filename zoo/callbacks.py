"""What a run leaves behind after each epoch: its means, its log, its pictures."""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf

from zoo import pictures
from zoo.files import write_whole
from zoo.model import Batch, GenerativeModel, to_wire
from zoo.noise import Seed


class EpochMeans(tf.train.experimental.PythonState):
    """True means over an epoch's steps. A checkpoint keeps them, so that a resumed epoch's are true as well."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Starts an epoch."""
        self.count = 0
        self.sums: dict[str, float] = {}

    def add(self, terms: Mapping[str, float]) -> None:
        """One step's terms."""
        self.count += 1
        for key, value in terms.items():
            self.sums[key] = self.sums.get(key, 0.0) + value

    def result(self) -> dict[str, float]:
        """The means so far."""
        return {key: total / self.count for key, total in self.sums.items()}

    def serialize(self) -> str:
        """For the checkpoint."""
        return json.dumps([self.count, self.sums])

    def deserialize(self, string_value: str) -> None:
        """From the checkpoint."""
        self.count, self.sums = json.loads(string_value)


class Log:
    """`log.csv`, a row an epoch, and the same for TensorBoard under `events/`."""

    def __init__(self, folder: Path, first_epoch: int) -> None:
        self._path = folder / "log.csv"
        self._forget(first_epoch)
        self._events = tf.summary.create_file_writer(str(folder / "events"))

    def _forget(self, first_epoch: int) -> None:
        """Drops the rows of epochs that a resumed run will do again."""
        if not self._path.exists():
            return
        with self._path.open(newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
        kept = [row for row in rows if row and int(row[0]) <= first_epoch]
        text = io.StringIO(newline="")
        csv.writer(text).writerows([header, *kept] if kept else [])
        write_whole(self._path, text.getvalue())

    def write(self, epoch: int, step: int, seconds: float, means: Mapping[str, float]) -> None:
        """One epoch, numbered from 1."""
        row = {"epoch": epoch, "step": step, "seconds": round(seconds, 3), **means}
        new = not self._path.exists() or not self._path.stat().st_size
        with self._path.open("a", newline="") as file:
            writer = csv.DictWriter(file, row.keys())
            if new:
                writer.writeheader()
            writer.writerow(row)
        with self._events.as_default(step=step):
            for key, value in means.items():
                tf.summary.scalar(key, value)
        self._events.flush()


class SampleGrids:
    """`samples/epoch-0001.png` and so on: the same seeds and the same test examples after each epoch."""

    COUNT = 64

    def __init__(self, folder: Path, model: GenerativeModel, examples: Batch) -> None:
        self._folder = folder / "samples"
        self._folder.mkdir(exist_ok=True)
        self._model = model
        self._draw = tf.function(lambda: model.pictures(examples, Seed.of(tf.range(self.COUNT))))

    def write(self, epoch: int) -> Path | None:
        """Draws; tables of numbers have no picture."""
        if len(self._model.spec.shape) != 3:
            return None
        path = self._folder / f"epoch-{epoch:04d}.png"
        images = to_wire(self._draw().numpy())
        pictures.grid(images, columns=8 if len(images) <= self.COUNT else 16).save(path)
        return path
