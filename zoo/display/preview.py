"""Previews: examples of any kind of feature in a file that a person can look at."""

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from serving.protocol.files import write_whole
from zoo.core.features import Feature
from zoo.display import pictures


def write(
    samples: np.ndarray,
    feature: Feature,
    path: Path,
    *,
    columns: int | None = None,
    labels: np.ndarray | None = None,
    label: Feature | None = None,
) -> Path:
    """Writes examples as a picture (.png), an animation (.gif), a table (.csv) or lines of text (.txt).

    Args:
      samples: (N, *shape), as a model sees them.
      feature: theirs.
      path: of the file; its suffix becomes that of its kind.
      columns: examples in a row of a picture.
      labels: the classes of the first samples, int64 (M,), M at most N; see `pictures.save`.
      label: the feature of the labels.

    Returns:
      The path.
    """
    shown = _Shown(np.asarray(samples), feature, columns, labels, label.names if label else ())
    return _WRITERS[feature.kind](shown, path)


class _Shown:
    """The arguments of `write`, and the samples in the wire's form."""

    def __init__(
        self,
        samples: np.ndarray,
        feature: Feature,
        columns: int | None,
        labels: np.ndarray | None,
        classes: tuple[str, ...],
    ) -> None:
        self.samples, self.feature, self.columns, self.labels, self.classes = samples, feature, columns, labels, classes

    def wire(self) -> dict[str, np.ndarray]:
        """The samples by the names of their tensors."""
        x = tf.constant(self.samples, self.feature.dtype)
        return {name: np.asarray(t) for name, t in self.feature.to_wire("x", x).items()}

    def names(self) -> list[str]:
        """The class of each example; empty where it has none."""
        known = [] if self.labels is None else [self.classes[k] for k in self.labels]
        return known + [""] * (len(self.samples) - len(known))


def _pictures(shown: _Shown, path: Path) -> Path:
    """Images as a grid; videos as an animation; volumes as one that goes through their slices."""
    return pictures.save(
        shown.wire()["x"],
        path.with_suffix(".png"),
        columns=shown.columns,
        labels=shown.labels,
        classes=shown.classes,
    )


def _curves(shown: _Shown, path: Path) -> Path:
    from zoo.display import curves  # matplotlib: only where it is needed

    path = path.with_suffix(".png")
    curves.examples(shown.wire()["x"], path, rate=shown.feature.rate, columns=shown.columns, names=shown.names())
    return path


def _table(shown: _Shown, path: Path) -> Path:
    """A row for each example, in the columns' own units; the numbers of a vector are columns 0, 1, ..."""
    tensors = shown.wire()
    if shown.feature.kind == "vector":
        flat = tensors["x"].reshape(len(shown.samples), -1)
        tensors = {str(i): flat[:, i] for i in range(flat.shape[1])}
    if shown.labels is not None:
        tensors = {"label": np.array(shown.names()), **tensors}
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(tensors)
    writer.writerows(zip(*(map(_cell, column.tolist()) for column in tensors.values()), strict=True))
    path = path.with_suffix(".csv")
    write_whole(path, text.getvalue())
    return path


def _cell(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode()
    return f"{value:.6g}" if isinstance(value, float) else value


def _text(shown: _Shown, path: Path) -> Path:
    """A line for each example, after its class where it has one."""
    (lines,) = shown.wire().values()
    named = zip(shown.names(), lines.tolist(), strict=True)
    path = path.with_suffix(".txt")
    write_whole(path, "".join(f"{name}: {_cell(line)}\n" if name else f"{_cell(line)}\n" for name, line in named))
    return path


_WRITERS: Mapping[str, Callable[[_Shown, Path], Path]] = {
    "image": _pictures,
    "video": _pictures,
    "volume": _pictures,
    "audio": _curves,
    "series": _curves,
    "table": _table,
    "vector": _table,
    "tokens": _text,
}
