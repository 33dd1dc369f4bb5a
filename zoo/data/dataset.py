"""What every source of data becomes."""

import hashlib
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import numpy as np

from serving.protocol.extras import line
from zoo.core.features import Feature, Spec
from zoo.data import kinds, labels
from zoo.data.errors import DataError
from zoo.data.form import Format
from zoo.data.splits import Arrays, Split, held_out

T = TypeVar("T")


@dataclass(frozen=True)
class Notes:
    """What is to be known of how data was read.

    Attributes:
      values: the lowest and highest as they came, where they were looked at.
      left_out: what was there and is not used.
      warnings: what may not be as it was meant.
    """

    values: tuple[float, float] | None = None
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Data:
    """A data set, ready to be trained on.

    Attributes:
      name: what was asked for.
      spec: the features of an example, with the names of classes and the columns of a table.
      train: what models learn from.
      test: the set's own test split, or else every tenth example of each class.
      notes: what is to be known of how it was read.
    """

    name: str
    spec: Spec
    train: Split
    test: Split
    notes: Notes = field(default_factory=Notes)

    @property
    def fingerprint(self) -> str:
        """Tells whether data has changed: how many examples there are, and a hash of them (of files: names, sizes)."""
        digest = hashlib.blake2b(self.train.identity() + self.test.identity(), digest_size=6).hexdigest()
        return f"{self.train.count} + {self.test.count} examples, {digest}"

    @property
    def summary(self) -> str:
        """A line for people: what was read, what was left out, and what may not be as it was meant."""
        train, test = self.train.count, self.test.count
        parts = [f"{self.name}: {train + test:,} examples, {test:,} of them for testing"]
        parts += [_line(name, f) for name, f in self.spec.features.items() if f.kind != "label"]
        if self.notes.values:
            parts.append("values {:g} to {:g}".format(*self.notes.values))
        parts += self._classes()
        if self.notes.left_out:
            parts.append(f"left out: {', '.join(self.notes.left_out)}")
        return ". ".join(["; ".join(parts), *(f"Warning: {text}" for text in self.notes.warnings)]) + "."

    def _classes(self) -> list[str]:
        if "label" not in self.spec.features:
            return []
        names, held = self.spec.features["label"].names, [s.labels() for s in (self.train, self.test)]
        known = [x for x in held if x is not None]
        sizes = np.bincount(np.concatenate(known), minlength=len(names)) if len(known) == 2 else None
        shown = [name if sizes is None else f"{name} ({sizes[i]:,})" for i, name in enumerate(names[:12])]
        return [f"{len(names)} classes: {', '.join(shown)}{', ...' if len(names) > 12 else ''}"]


def _line(name: str, feature: Feature) -> str:
    """A feature in few words; its range, which is always the same inside, is left out."""
    text = feature.describe().partition(f", {feature.dtype} in")[0]
    return text if name == feature.kind else f"{name}: {text}"


class Examples(NamedTuple):
    """Raw arrays: `x` (N, ...); `labels` (N,) or None; `test`, bool (N,): the set's own split, or None; and others."""

    x: np.ndarray
    labels: np.ndarray | None = None
    test: np.ndarray | None = None
    others: Mapping[str, np.ndarray] = {}


def joined(train: tuple[np.ndarray, np.ndarray | None], test: tuple[np.ndarray, np.ndarray | None]) -> Examples:
    """Two splits, each (x, labels), as one."""
    both = None if train[1] is None or test[1] is None else np.concatenate([train[1], test[1]])
    mask = np.arange(len(train[0]) + len(test[0])) >= len(train[0])
    return Examples(np.concatenate([train[0], test[0]]), both, mask)


def in_memory(
    name: str, examples: Examples, form: Format, classes: Sequence[str] = (), notes: Notes | None = None
) -> Data:
    """Data of arrays of the kind that `form` or their shape says.

    Args:
      classes: names of the classes; their numbers where there are none.

    Errors: DataError for arrays that are empty or of a kind that is in doubt, and labels that do not fit.
    """
    x, notes = examples.x, notes or Notes()
    if not x.size:
        raise DataError(f"{name} has no examples (shape {x.shape}). Add some.")
    beside = {} if examples.labels is None else {"label": examples.labels}
    made = {key: _beside(key, array, len(x), form, name, classes) for key, array in beside.items()}
    label = made["label"].x if "label" in made else None
    test = held_out(label, len(x)) if examples.test is None else examples.test
    target = kinds.of(x, ~test, form, name)
    for key, array in examples.others.items():
        made[key] = _beside(key, array, len(x), form, name, (), ~test)
    arrays = {target.feature.kind: target.x, **{key: other.x for key, other in made.items()}}
    spec = spec_of(target.feature, {key: other.feature for key, other in made.items()})
    train, held = (Arrays({key: a[rows] for key, a in arrays.items()}) for rows in (~test, test))
    warnings = (*notes.warnings, *told(target.warning), *without_examples(spec, label))
    return Data(name, spec, train, held, Notes(notes.values or target.values, notes.left_out, warnings))


def _beside(
    key: str, x: np.ndarray, count: int, form: Format, what: str, names: Sequence[str], learn: np.ndarray | None = None
) -> kinds.Stored:
    """A feature beside the examples: a label, texts or numbers."""
    if key != "label" and len(x) != count:
        raise DataError(f"{key!r} of {what} has the shape {x.shape}; it needs a row for each of {count} examples.")
    kind = "label" if key == "label" else form.features.get(key, "tokens")
    if kind == "label":
        numbers, feature = labels.classes(x, count, what, form.names or names)
        return kinds.Stored(feature, numbers)
    rows = np.ones(count, bool) if learn is None else learn
    return kinds.of(x, rows, Format(kind=kind), f"{key!r} of {what}")


def spec_of(target: Feature, others: Mapping[str, Feature]) -> Spec:
    """The features of examples: the target under the name of its kind, and others, on which models are conditioned."""
    return Spec({target.kind: target, **others}, (target.kind,), tuple(others))


def without_examples(spec: Spec, label: np.ndarray | None) -> tuple[str, ...]:
    """A warning that names empty classes, where there are any; `label` int64 (N,) is of all examples."""
    if label is None:
        return ()
    return told(labels.empty(np.bincount(label, minlength=spec.classes), spec.features["label"]))


def told(text: str) -> tuple[str, ...]:
    """A warning, or none for an empty text."""
    return (text,) if text else ()


def chosen(items: Sequence[T], mask: np.ndarray) -> list[T]:
    """Those items whose entry in `mask`, bool (N,), is true."""
    return [item for item, take in zip(items, mask, strict=True) if take]


def needed(module: str, what: str) -> Any:
    """The module that reads such data. Errors: DataError with the line that installs it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise DataError(f"{what} need {module}, which is not installed. Install it: {line('data')}.") from None


def package(module: str, name: str) -> Any:
    """The module of the package `name`, with which a set comes. Errors: DataError where it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DataError(f"This set comes with {name}, which is missing ({error}). pip install {name}.") from None
