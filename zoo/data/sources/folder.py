"""A folder of images."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from zoo.core.features import image
from zoo.data.dataset import Data, chosen, spec_of
from zoo.data.errors import DataError
from zoo.data.images import Format, Shape, conform, decode, header
from zoo.data.splits import Disk, held_out

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".ppm")


def load(root: Path, form: Format) -> Data:
    """All images under `root`.

    Where every one is in one of several subfolders, these are the classes, in the order of their names;
    subfolders `train` and `test` are the splits instead, with the classes below them.

    Every file's header is read now, the pixels when their turn comes. Errors: DataError,
    which names the file.
    """
    files = images(root)
    if not files:
        raise DataError(f"{root} has no images ({', '.join(SUFFIXES)}). Give a folder that has some.")
    shape = form.shape((str(file), header(file, str(file))) for file in files)
    within = [file.relative_to(root).parts[:-1] for file in files]
    own_test = {parts[:1] for parts in within} == {("train",), ("test",)}
    names, labels = _classes([parts[1:] if own_test else parts for parts in within])
    test = np.array([parts[0] == "test" for parts in within]) if own_test else held_out(labels, len(files))
    read = partial(_read, shape=shape)
    train, held = (
        Disk(chosen(files, rows), read, "image", shape, others={} if labels is None else {"label": labels[rows]})
        for rows in (~test, test)
    )
    return Data(str(root), spec_of(image(*shape), labels, names), train, held)


def images(root: Path) -> list[Path]:
    """The image files under a folder, in the order of their names; hidden ones are left out."""
    found = (p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    return sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(root).parts))


def _classes(folders: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], np.ndarray | None]:
    names = tuple(sorted({parts[0] if parts else "" for parts in folders}))
    if "" in names or len(names) == 1:
        return (), None
    number = {name: i for i, name in enumerate(names)}
    return names, np.array([number[parts[0]] for parts in folders], np.int64)


def _read(file: Path, shape: Shape) -> np.ndarray:
    return conform(decode(file, str(file)), shape)
