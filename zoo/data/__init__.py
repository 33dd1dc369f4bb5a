"""Data by name: every source becomes the same `Data`, batches of float32 in [-1, 1].

    load("mnist-5k").train.batches(64, seed=0)

Sizes, channels and ranges are settled here once (zoo.data.images), the order of examples too
(zoo.data.splits).
"""

import glob
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from serving.protocol.images import SUFFIXES
from zoo.core import plugins
from zoo.core.config import KINDS
from zoo.core.errors import unknown
from zoo.data import memory
from zoo.data.dataset import Data, in_memory
from zoo.data.errors import DataError, raised_in
from zoo.data.form import Format
from zoo.data.sources import domains, folder, midi, npz, records, sounds, tables, texts, tree
from zoo.data.sources import tfds as catalogue
from zoo.data.sources.builtin import BUILTINS
from zoo.data.splits import Split

__all__ = ["DESCRIPTIONS", "KINDS", "Data", "DataError", "Split", "load", "names", "of", "raised_in"]

_YOURS = {
    "tfds:NAME": "image: any set of images in tensorflow-datasets (pip install 'menagerie-zoo[tfds]')",
    "FOLDER": "image, audio (WAV, FLAC, OGG), series (MIDI): a file each; subfolders are classes, or train, val and "
    "test, or trainA and trainB",
    "FILE.zip": "the same, zipped",
    "FILE.npz, .npy": "image, video, label, tokens by the arrays' shapes; series, audio, table, volume or vector where "
    "--kind or a file beside it says so (docs/data.md)",
    "FILE.csv, .parquet": "table: numbers, categories, dates and flags",
    "FILE.txt, .jsonl": "tokens: a text in each line, or an object with `text` and `label`",
    "FILE.tfrecord": "image: tf.train.Example with `image` or `image_raw`, optionally `label`, `caption`; a glob for "
    "several",
    "domains:A+B": "image: two domains without pairs, A and B are any sets of images, or B is A's `edges` or `inverse`",
}

DESCRIPTIONS: Mapping[str, str] = {**{name: f"{b.kind}: {b.description}" for name, b in BUILTINS.items()}, **_YOURS}
"""What `load` takes, with a line about each."""


def names() -> list[str]:
    """The names that `load` knows, without those of the user's own files."""
    return [*BUILTINS, *plugins.data(BUILTINS)]


def load(
    name: str,
    *,
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    kind: str | None = None,
    range: Iterable[float] | None = None,
    background: str | None = None,
    skip_broken: bool = False,
) -> Data:
    """A data set by name, or from the user's files; see DESCRIPTIONS.

    Args:
      size: pixels, one number or (height, width), to which images are resized; of sounds, their length in samples.
        None keeps theirs.
      channels: 1 for grey, 3 for colour, 4 for colour with alpha; None keeps the images' own, without alpha.
      kind: what the examples are, one of zoo.data.KINDS, where it cannot be seen in the data.
      range: the values that are black and white, two numbers; what is beyond is cut off.
      background: the colour that transparent pixels are laid on, by name or as #rrggbb; white if None.
      skip_broken: leave out files that cannot be read, instead of refusing them all.

    Errors: DataError for an unknown name, a missing package or path, and whatever is wrong with the files.
    """
    return _load(name, Format.of(size, channels, kind, range, background, skip_broken))


def of(
    data: Any,
    *,
    labels: Any = None,
    kind: str | None = None,
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    range: Iterable[float] | None = None,
    background: str | None = None,
    name: str = memory.NAME,
) -> Data:
    """Data in memory.

    Args:
      data: examples (N, ...); a DataFrame, whose rows are; a mapping of arrays under the names of an .npz's, or of
        two domains as `a` and `b`; or a tf.data.Dataset of examples, of (example, label), or of mappings.
      labels: (N,) numbers from 0, or names of classes; of a DataFrame also the name of a column.
      kind: what the examples are, where their shape leaves a doubt.
      size, channels, range, background: as for `load`.
      name: of the data, in messages and in a run's configuration.

    Errors: DataError for what is no data, or whose kind is in doubt.
    """
    return memory.of(data, labels, Format.of(size, channels, kind, range, background), name)


def _load(name: str, form: Format) -> Data:
    if name in BUILTINS:
        return in_memory(name, BUILTINS[name].examples(), form, BUILTINS[name].classes)
    installed = plugins.data(BUILTINS)
    if name in installed:
        return _installed(name, installed[name], form)
    if name.startswith("tfds:"):
        return catalogue.load(name.removeprefix("tfds:"), form)
    if name.startswith("domains:"):
        return domains.load(name.removeprefix("domains:"), form, _load)
    path = Path(name).expanduser()
    form = form.beside(path)
    if path.is_dir() or (path.suffix == ".zip" and path.is_file()):
        return _tree(name, path, form)
    if path.is_file():
        for suffixes, read in _FILES.items():
            if path.suffix.lower() in suffixes:
                return read(name, [path], form)
    files = _record_files(path)
    if files:
        return records.load(name, files, form)
    raise _not_found(name, path)


def _installed(name: str, made: Callable[..., Any], form: Format) -> Data:
    """Data of an installed package, whose function takes what it likes of `load`'s arguments."""
    given = {"size": form.size, "channels": form.channels, "kind": form.kind, "range": form.span}
    takes = inspect.signature(made).parameters
    found = made(**{key: value for key, value in given.items() if value is not None and key in takes})
    if not isinstance(found, Data):
        raise DataError(f"The entry point {name} gave {type(found).__name__}; a zoo.data.Data was expected.")
    return found


_FILES: Mapping[tuple[str, ...], Callable[[str, Sequence[Path], Format], Data]] = {
    npz.SUFFIXES: npz.load,
    tables.SUFFIXES: tables.load,
    texts.SUFFIXES: texts.load,
}
"""Files that hold many examples."""


def _tree(name: str, root: Path, form: Format) -> Data:
    """A folder or zip archive, by the files in it: the first kind of which there are some, or the one asked for."""
    files = tree.listed(root)
    for kind, is_one, read in _TREES:
        mine = [file for file in files if form.kind in (None, kind) and is_one(*file)]
        if mine:
            chosen = {source for source, _ in mine}
            return read(root, form, mine, [file for file in files if file[0] not in chosen])
    if root.is_dir():
        found = _record_files(root)
        if found:
            return records.load(name, found, form)
        for suffixes, read_all in _FILES.items():
            many = sorted(p for p in root.glob("*") if p.suffix.lower() in suffixes)
            if many and suffixes != npz.SUFFIXES:
                return read_all(name, many, form)
    wanted = f" of the kind {form.kind}" if form.kind else ""
    raise DataError(
        f"{root} has no images ({', '.join(SUFFIXES)}) and nothing else that can be read{wanted}: sounds, MIDI, "
        "TFRecords, tables or texts. Give a folder that has some."
    )


def _ends_in(suffixes: tuple[str, ...]) -> Callable[[tree.Source, Sequence[str]], bool]:
    return lambda source, parts: PurePath(parts[-1]).suffix.lower() in suffixes


_TREES: Sequence[tuple[str, Callable[..., bool], Callable[..., Data]]] = (
    ("image", tree.is_picture, folder.load),
    ("audio", _ends_in(sounds.SUFFIXES), sounds.load),
    ("series", _ends_in(midi.SUFFIXES), midi.load),
)
"""Files that are an example each."""


def _record_files(path: Path) -> list[Path]:
    """The TFRecord files of a folder, a file or a glob, in the order of their names."""
    pattern = str(path / "*.tfrecord*") if path.is_dir() else str(path)
    found = [path] if path.is_file() else [Path(p) for p in glob.glob(pattern, recursive=True)]
    return sorted(p for p in found if ".tfrecord" in p.name and p.is_file())


def _not_found(name: str, path: Path) -> DataError:
    if name == memory.NAME:
        return DataError(f"{name} stands for data that a Python program had in memory. Give data on disk, or there.")
    if path.is_file():
        known = ", ".join(suffix for suffixes in _FILES for suffix in suffixes)
        return DataError(
            f"{name} is a file of no known kind. Give a folder of images, or one of {known}, .tfrecord, .zip."
        )
    if glob.has_magic(name):
        return DataError(f"{name} matches no TFRecord files. Their names must contain .tfrecord.")
    if len(path.parts) > 1 or path.suffix or name.startswith((".", "~")):
        return DataError(
            f"There is no file or folder {name}. Check the path; `zoo list --data` shows the names of sets."
        )
    return DataError(f"{unknown('data set', name, names())} Or {', '.join(_YOURS)}.")
