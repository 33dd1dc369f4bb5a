"""Data by name: every source becomes the same `Data`, batches of float32 in [-1, 1].

    load("mnist-5k").train.batches(64, seed=0)

Sizes, channels and ranges are settled here once (zoo.data.images), the order of examples too
(zoo.data.splits).
"""

import glob
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from zoo.core.errors import unknown
from zoo.data import memory
from zoo.data.dataset import Data, in_memory
from zoo.data.errors import DataError, raised_in
from zoo.data.form import KINDS, Format
from zoo.data.sources import domains, folder, npz, records, tree
from zoo.data.sources import tfds as catalogue
from zoo.data.sources.builtin import BUILTINS
from zoo.data.splits import Split

__all__ = ["DESCRIPTIONS", "KINDS", "Data", "DataError", "Split", "load", "names", "of", "raised_in"]

_YOURS = {
    "tfds:NAME": "any set of images in tensorflow-datasets (pip install 'menagerie-zoo[tfds]')",
    "FOLDER": "a folder of images; its subfolders are classes, or `train` and `test`",
    "FILE.npz": "`x`: images (N, H, W[, C]), videos (N, T, H, W, C) or a table (N, F); optionally `y`: labels from 0",
    "FILE.tfrecord": "tf.train.Example with `image` or `image_raw`, optionally `label`; a glob for several",
    "domains:A+B": "two domains without pairs: A and B are any of these sets, or B is A's `edges` or its `inverse`",
}

DESCRIPTIONS: Mapping[str, str] = {**{name: b.description for name, b in BUILTINS.items()}, **_YOURS}
"""What `load` takes, with a line about each."""


def names() -> list[str]:
    """The names that `load` knows, without those of the user's own files."""
    return list(BUILTINS)


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
    name: str = memory.NAME,
) -> Data:
    """Data in memory.

    Args:
      data: examples (N, ...), or a tf.data.Dataset of them, or of (example, label).
      labels: (N,) numbers from 0, or names of classes.
      kind: what the examples are, where their shape leaves a doubt.
      size, channels: as for `load`.
      name: of the data, in messages and in a run's configuration.

    Errors: DataError for what is no data, or whose kind is in doubt.
    """
    return memory.of(data, labels, Format.of(size, channels), name)


def _load(name: str, form: Format) -> Data:
    if name in BUILTINS:
        return in_memory(name, BUILTINS[name].examples(), form, BUILTINS[name].classes)
    if name.startswith("tfds:"):
        return catalogue.load(name.removeprefix("tfds:"), form)
    if name.startswith("domains:"):
        return domains.load(name.removeprefix("domains:"), form, _load)
    path = Path(name).expanduser()
    form = form.beside(path)
    if path.is_dir() or (path.suffix == ".zip" and path.is_file()):
        return _folder(name, path, form)
    if path.suffix in (".npz", ".npy") and path.is_file():
        return npz.load(path, form)
    files = _record_files(path)
    if files:
        return records.load(name, files, form)
    raise _not_found(name, path)


def _folder(name: str, root: Path, form: Format) -> Data:
    """A folder or zip archive, by the files in it."""
    files = tree.listed(root)
    images = [file for file in files if tree.is_picture(*file)]
    if images:
        chosen = {source for source, _ in images}
        return folder.load(root, form, images, [file for file in files if file[0] not in chosen])
    found = _record_files(root) if root.is_dir() else []
    if found:
        return records.load(name, found, form)
    raise folder.none(root)


def _record_files(path: Path) -> list[Path]:
    """The TFRecord files of a folder, a file or a glob, in the order of their names."""
    pattern = str(path / "*.tfrecord*") if path.is_dir() else str(path)
    found = [path] if path.is_file() else [Path(p) for p in glob.glob(pattern, recursive=True)]
    return sorted(p for p in found if ".tfrecord" in p.name and p.is_file())


def _not_found(name: str, path: Path) -> DataError:
    if path.is_file():
        return DataError(f"{name} is a file of no known kind. Give a folder of images, an .npz or a .tfrecord.")
    if glob.has_magic(name):
        return DataError(f"{name} matches no TFRecord files. Their names must contain .tfrecord.")
    if len(path.parts) > 1 or path.suffix or name.startswith((".", "~")):
        return DataError(
            f"There is no file or folder {name}. Check the path; `zoo list --data` shows the names of sets."
        )
    return DataError(f"{unknown('data set', name, names())} Or {', '.join(_YOURS)}.")
