"""The rows of a job: seeds, labels and files. Nothing here depends on a model."""

import abc
import hashlib
import itertools
import zipfile
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from serving.batch.errors import JobError
from serving.protocol import examples, images, records
from serving.protocol.errors import InvalidRequest

Columns = dict[str, NDArray[Any]]
"""Arrays by name, with the same rows in dimension 0."""


class Rows(abc.ABC):
    """A job's rows.

    Attributes:
      count: the number of rows.
      requested: columns that the user named, which the signature must therefore take.
    """

    count: int
    requested: Collection[str] = ()

    @abc.abstractmethod
    def take(self, start: int, stop: int) -> Columns:
        """Rows start to stop. Errors: JobError."""

    @abc.abstractmethod
    def describe(self) -> Mapping[str, Any]:
        """A description for the manifest, different for different rows."""


@final
class Seeds(Rows):
    """`seed` from start to stop, and `label` if there are `labels`: seed s has labels[s % len(labels)]."""

    def __init__(self, start: int, stop: int, labels: Sequence[int] = ()) -> None:
        if stop <= start:
            raise JobError(f"Seeds are START:STOP, with STOP above START; received {start}:{stop}.")
        self._start, self._stop, self._labels, self.count = start, stop, list(labels), stop - start
        self.requested = ("seed", "label") if labels else ("seed",)

    def take(self, start: int, stop: int) -> Columns:
        """See Rows."""
        seeds = np.arange(self._start + start, self._start + stop, dtype=np.int64)
        return {"seed": seeds, **({"label": np.array(self._labels)[seeds % len(self._labels)]} if self._labels else {})}

    def describe(self) -> Mapping[str, Any]:
        """See Rows."""
        return {"seeds": [self._start, self._stop], **({"labels": self._labels} if self._labels else {})}


@final
class Labels(Rows):
    """`label` for rows without one: row i has labels[i % len(labels)]."""

    requested = ("label",)

    def __init__(self, count: int, labels: Sequence[int]) -> None:
        self.count, self._labels = count, list(labels)

    def take(self, start: int, stop: int) -> Columns:
        """See Rows."""
        return {"label": np.array(self._labels)[np.arange(start, stop) % len(self._labels)]}

    def describe(self) -> Mapping[str, Any]:
        """See Rows."""
        return {"labels": self._labels}


@final
class Files(Rows):
    """The rows of files, in the order of the files; `load` reads the columns of one file."""

    def __init__(self, paths: Sequence[Path], load: Callable[[Path], Columns]) -> None:
        self._paths, self._load = paths, load
        self._held: tuple[Path, Columns] | None = None
        lengths = [self._length(path) for path in paths]
        self._starts = [0, *itertools.accumulate(lengths)]
        self.count = self._starts[-1]

    def _length(self, path: Path) -> int:
        columns = self._columns(path)
        lengths = {len(a) if a.ndim else None for a in columns.values()}
        if len(lengths) != 1 or None in lengths:
            shapes = ", ".join(f"{name} {list(a.shape)}" for name, a in columns.items()) or "none"
            raise JobError(f"The arrays of {path} must have the same rows in dimension 0; they are {shapes}.")
        return int(lengths.pop() or 0)

    def _columns(self, path: Path) -> Columns:
        if self._held is None or self._held[0] != path:
            self._held = path, self._load(path)
        return self._held[1]

    def take(self, start: int, stop: int) -> Columns:
        """See Rows."""
        parts = []
        while start < stop:
            i = bisect_right(self._starts, start) - 1
            end = min(stop, self._starts[i + 1])
            slices = slice(start - self._starts[i], end - self._starts[i])
            parts.append({name: a[slices] for name, a in self._columns(self._paths[i]).items()})
            start = end
        return _joined(parts, f"{self._paths[0].parent}")

    def describe(self) -> Mapping[str, Any]:
        """See Rows."""
        return {"files": len(self._paths), "rows": self.count, "sha256": _digest(self._paths)}


@final
class Items(Rows):
    """Images or records, each of which is one row; `load` reads the columns of one, without the batch."""

    def __init__(self, items: Sequence[Any], load: Callable[[Any], Columns], paths: Sequence[Path]) -> None:
        self._items, self._load, self._paths, self.count = items, load, paths, len(items)

    def take(self, start: int, stop: int) -> Columns:
        """See Rows."""
        rows = [{name: a[None] for name, a in self._load(item).items()} for item in self._items[start:stop]]
        return _joined(rows, f"rows {start} to {stop} of {self._paths[0].parent}")

    def describe(self) -> Mapping[str, Any]:
        """See Rows."""
        return {"files": len(self._paths), "rows": self.count, "sha256": _digest(self._paths)}


@final
class Combined(Rows):
    """The columns of several Rows with the same count."""

    def __init__(self, *parts: Rows) -> None:
        if len({part.count for part in parts}) != 1:
            counts = " and ".join(str(part.count) for part in parts)
            raise JobError(f"The inputs have {counts} rows. Give one seed for each row, or no seeds.")
        self._parts, self.count = parts, parts[0].count
        self.requested = {name for part in parts for name in part.requested}

    def take(self, start: int, stop: int) -> Columns:
        """See Rows."""
        return {name: a for part in self._parts for name, a in part.take(start, stop).items()}

    def describe(self) -> Mapping[str, Any]:
        """See Rows."""
        return {key: value for part in self._parts for key, value in part.describe().items()}


def read(path: Path) -> Rows:
    """The rows of an .npz, a TFRecord file, an image, or a folder of one of these kinds.

    Images, from files or from `image` and `image_raw` in records, are a column `images` of uint8 (H, W, 1 or 3).
    Errors: JobError.
    """
    rows = _read(path)
    if not rows.count:
        raise JobError(f"{path} has no rows.")
    return rows


def _read(path: Path) -> Rows:
    if not path.exists():
        raise JobError(f"There is no file or folder {path}. Give an .npz, TFRecords, or a folder of images.")
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    files = [p for p in found if p.is_file() and not images.is_clutter(p.relative_to(path).parts)]
    if chosen := [p for p in files if images.is_picture(p)]:
        return Items(chosen, lambda file: {"images": _image(file, str(file))}, chosen)
    if chosen := [p for p in files if ".tfrecord" in p.name]:
        return Items([a for p in chosen for a in _index(p)], _record, chosen)
    if chosen := [p for p in files if p.suffix == ".npz"]:
        return Files(chosen, _archive)
    raise JobError(
        f"{path} has no inputs of a known format: .npz, .tfrecord, or images ({', '.join(images.SUFFIXES)})."
    )


def _joined(parts: Sequence[Columns], where: str) -> Columns:
    names = set(parts[0])
    for part in parts:
        if set(part) != names or any(part[n].shape[1:] != parts[0][n].shape[1:] for n in names):
            raise JobError(
                f"The inputs in {where} differ: {_shapes(parts[0])} and {_shapes(part)}. Make them alike: "
                "images in the size and with the channels that the model takes."
            )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _shapes(columns: Columns) -> str:
    return ", ".join(f"{name} {list(a.shape[1:])}" for name, a in columns.items())


def _digest(paths: Sequence[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            total.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def _archive(path: Path) -> Columns:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as failure:
        text = f"{path} cannot be read as an .npz of numeric arrays ({failure}). Write it again with np.savez."
        raise JobError(text) from None


def _index(path: Path) -> list[records.Address]:
    try:
        return records.index(path)
    except records.BrokenRecord as failure:
        raise JobError(str(failure)) from None


def _record(address: records.Address) -> Columns:
    where = str(address)
    try:
        (data,) = records.read([address])
        found = examples.features(data)
    except (records.BrokenRecord, InvalidRequest) as failure:
        raise JobError(f"{where} cannot be read: {failure}") from None
    if "image" in found:
        return {"images": _image(found.pop("image")[0], where), **found}
    if "image_raw" in found:
        try:
            sides = [int(found.pop(side)[0]) for side in ("height", "width", "channels")]
            return {"images": np.frombuffer(found.pop("image_raw")[0], np.uint8).reshape(sides), **found}
        except (KeyError, IndexError, ValueError):
            text = f"{where} has an image_raw whose size is not height * width * channels."
            raise JobError(f"{text} Write it again.") from None
    return found


def _image(source: Path | bytes, where: str) -> NDArray[np.uint8]:
    try:
        return images.decode_first(source, where)
    except images.ImageError as failure:
        raise JobError(str(failure)) from None
