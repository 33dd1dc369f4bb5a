"""The files that a job writes. The same rows give the same bytes."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from serving.protocol import examples, records
from serving.protocol.files import write_whole

Columns = Mapping[str, NDArray[Any]]


def _write_npz(file: BinaryIO, columns: Columns) -> None:
    np.savez(file, **columns)  # type: ignore[arg-type]  # numpy has one keyword of its own, a bool


def _write_records(file: BinaryIO, columns: Columns) -> None:
    records.write(file, _examples(columns))


FORMATS: Mapping[str, Callable[[BinaryIO, Columns], object]] = {"npz": _write_npz, "tfrecord": _write_records}
"""By suffix. An .npz has the arrays unchanged; a TFRecord file has an Example for each row, with images as bytes."""


def _examples(columns: Columns) -> Iterator[bytes]:
    columns = {k: v for name, column in columns.items() for k, v in _features(name, column).items()}
    for row in zip(*columns.values(), strict=True):
        yield examples.example(dict(zip(columns, row, strict=True))).SerializeToString(deterministic=True)


def _features(name: str, column: NDArray[Any]) -> Columns:
    """Images (N, H, W, 1 or 3) in [0, 1] become `image_raw` and its sides; other columns stay as they are."""
    if name != "images" or column.ndim != 4 or column.shape[3] not in (1, 3) or column.dtype.kind != "f":
        return {name: column}
    pixels = np.rint(np.clip(column, 0, 1) * 255).astype(np.uint8)
    raw = np.empty(len(column), object)
    raw[:] = [image.tobytes() for image in pixels]
    sides = zip(("height", "width", "channels"), column.shape[1:], strict=True)
    return {"image_raw": raw, **{side: np.full(len(column), n) for side, n in sides}}


def save(path: Path, format: str, columns: Columns) -> None:
    """Writes a shard as a whole."""
    write_whole(path, lambda file: FORMATS[format](file, columns))
