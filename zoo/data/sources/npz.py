"""Arrays from NumPy's files, .npz and .npy."""

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from zoo.data import kinds
from zoo.data.dataset import Data, Examples, Notes, chosen, in_memory, joined, spec_of, told
from zoo.data.errors import DataError
from zoo.data.form import Format
from zoo.data.images import finite
from zoo.data.splits import Disk, held_out

LARGE = 2**30
"""Bytes above which an .npy is not read into memory, but each example when its turn comes."""
_STREAMED = ("image", "video", "volume", "audio", "series")
_EXAMPLES, _LABELS = ("x", "images"), ("y", "label", "labels")


SUFFIXES = (".npz", ".npy")


def load(name: str, paths: Sequence[Path], form: Format) -> Data:
    """An .npy of examples, or an .npz, see `of`. Errors: DataError."""
    (path,) = paths
    if path.suffix == ".npy" and path.stat().st_size > LARGE:
        return _mapped(name, path, form)
    try:
        with open(path, "rb") as file:
            opened = np.load(file, allow_pickle=False)
            arrays = {"x": opened} if isinstance(opened, np.ndarray) else {key: opened[key] for key in opened.files}
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
            f"{path} cannot be read as an {path.suffix} of numeric arrays ({error}). Write it again with np.save or "
            "np.savez."
        ) from None
    return of(name, arrays, form)


def of(name: str, arrays: Mapping[str, np.ndarray], form: Format) -> Data:
    """Arrays by name: `x` or `images` (or else the first) and, optionally, `y`, `label` or `labels`, and texts (N,).

    With x_train and x_test, and y_train and y_test where there are labels, the test split is their own. Other arrays
    are left out, and named, unless `form.features` says what they are. Errors: DataError.
    """
    arrays = {key: array for key, array in arrays.items() if key not in form.omit}
    examples, used, warnings = _examples(arrays, name)
    others, idle = _others({key: array for key, array in arrays.items() if key not in used}, len(examples.x), form)
    left_out = tuple(f"{key!r} {arrays[key].dtype} {arrays[key].shape}" for key in idle)
    return in_memory(name, examples._replace(others=others), form, notes=Notes(None, left_out, warnings))


def _mapped(name: str, path: Path, form: Format) -> Data:
    """Examples that stay in the file, in the range of them all. Only numbers of a shape can stay there."""
    try:
        x = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"{path} cannot be read as an .npy of numbers ({error}). Write it again with np.save."
        ) from None
    kind = form.kind or kinds.seen(x, name)
    if kind not in _STREAMED:
        raise DataError(
            f"{path} has more than {LARGE // 2**20} MiB, and a {kind} has to fit into memory. Give fewer rows."
        )
    test = held_out(None, len(x))
    # A series is scaled by its training rows; the range of the others is that of all.
    probe = _probe(x, ~test if kind == "series" else np.ones(len(x), bool), name)
    learn = np.array([True, False])

    def read(i: int) -> np.ndarray:
        # The probe beside it holds the range of all examples, so that each is read as it would be among them.
        found: np.ndarray = kinds.of(np.stack([probe, x[i]]), learn, form, name).x[1]
        return found

    made = kinds.of(np.stack([probe, x[0]]), learn, form, name)
    rows = np.arange(len(x))
    marks = [f"{path.stat().st_size} {path.stat().st_mtime_ns} {i}" for i in range(len(x))]
    train, held = (
        Disk(rows[side].tolist(), read, kind, made.x.shape[1:], made.x.dtype.name, marks=chosen(marks, side))
        for side in (~test, test)
    )
    notes = Notes(made.values, (), told(made.warning))
    return Data(name, spec_of(made.feature, {}), train, held, notes)


def _probe(x: np.ndarray, learn: np.ndarray, what: str) -> np.ndarray:
    """An example with the lowest and the highest value of those to learn from, and a fraction where there is one."""
    low, high, fraction = np.inf, -np.inf, None
    step = max(1, 2**26 // max(1, x[0].nbytes))
    for start in range(0, len(x), step):
        part = x[start : start + step]
        finite(part, what)
        if learn[start : start + step].any():
            mine = part[learn[start : start + step]]
            low, high = min(low, mine.min()), max(high, mine.max())
        broken = part[part != np.rint(part)] if fraction is None and part.dtype.kind == "f" else part[:0]
        fraction = broken.flat[0] if broken.size else fraction
    values = [low, high] if fraction is None else [low, high, fraction]
    return np.resize(np.array(values, x.dtype), x.shape[1:])


def _examples(arrays: Mapping[str, np.ndarray], name: str) -> tuple[Examples, set[str], tuple[str, ...]]:
    """The examples, the names of the arrays that they come from, and warnings."""
    if "x_train" in arrays and "x_test" in arrays:
        train, test = ((arrays[f"x_{part}"], arrays.get(f"y_{part}")) for part in ("train", "test"))
        if train[0].shape[1:] != test[0].shape[1:]:
            raise DataError(
                f"x_train {train[0].shape} and x_test {test[0].shape} of {name} do not fit. Make them alike."
            )
        used: set[str] = {"x_train", "x_test"}
        given = [key for key in ("y_train", "y_test") if key in arrays]
        if len(given) == 1:
            other = "y_test" if given == ["y_train"] else "y_train"
            warning = f"{given[0]} has no {other} beside it, so no labels are used"
            return joined(train, test)._replace(labels=None), used | set(given), (warning,)
        return joined(train, test), used | set(given), ()
    keys = [*(k for k in _EXAMPLES if k in arrays), *(k for k in arrays if k not in _LABELS)]
    if not keys:
        raise DataError(f"{name} has no array of examples; its keys are {sorted(arrays)}. Name one `x`.")
    x = arrays[keys[0]]
    if x.ndim < 1 or (x.ndim < 2 and x.dtype.kind not in "US"):
        raise DataError(f"{keys[0]!r} in {name} has the shape {x.shape}; images are (N, H, W[, C]), a table (N, F).")
    label = next((key for key in _LABELS if key in arrays), None)
    return Examples(x, arrays[label] if label else None), {keys[0], *([label] if label else [])}, ()


def _others(arrays: Mapping[str, np.ndarray], count: int, form: Format) -> tuple[dict[str, np.ndarray], list[str]]:
    """Arrays that are features, texts and those of which it is said; and the names of the rest."""
    missing = sorted(set(form.features) - set(arrays))
    if missing:
        raise DataError(f"There is no array {missing[0]!r}, which `features` names. The others are {sorted(arrays)}.")
    chosen = {k: a for k, a in arrays.items() if k in form.features or (a.dtype.kind in "US" and a.shape == (count,))}
    return chosen, [key for key in arrays if key not in chosen]
