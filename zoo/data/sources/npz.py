"""Arrays from a NumPy archive."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from zoo.data.dataset import Data, Examples, in_memory, joined
from zoo.data.errors import DataError
from zoo.data.images import Format

_IMAGES, _LABELS = ("x", "images"), ("y", "label", "labels")


def load(path: Path, form: Format) -> Data:
    """An .npz with `x` or `images` (or else its first array) and, optionally, `y`, `label` or `labels`.

    Images are (N, H, W) or (N, H, W, C), videos (N, T, H, W, C), a table is (N, F). With x_train and x_test, and
    y_train and y_test where there are labels, the test split is the file's own. Errors: DataError.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except (
        OSError,
        ValueError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
        AttributeError,
        TypeError,
    ) as error:
        raise DataError(
            f"{path} cannot be read as an .npz of numeric arrays ({error}). Write it again with np.savez."
        ) from None
    return in_memory(str(path), _examples(arrays, path), form)


def _examples(arrays: Mapping[str, np.ndarray], path: Path) -> Examples:
    if "x_train" in arrays and "x_test" in arrays:
        train, test = ((arrays[f"x_{part}"], arrays.get(f"y_{part}")) for part in ("train", "test"))
        if train[0].shape[1:] != test[0].shape[1:]:
            raise DataError(
                f"x_train {train[0].shape} and x_test {test[0].shape} of {path} do not fit. Make them alike."
            )
        return joined(train, test)
    keys = [*(k for k in _IMAGES if k in arrays), *(k for k in arrays if k not in _LABELS)]
    if not keys:
        raise DataError(f"{path} has no array of examples; its keys are {sorted(arrays)}. Name one `x`.")
    x = arrays[keys[0]]
    if x.ndim < 2:
        raise DataError(f"{keys[0]!r} in {path} has the shape {x.shape}; images are (N, H, W[, C]), a table (N, F).")
    return Examples(x, next((arrays[k] for k in _LABELS if k in arrays), None))
