"""Features: what an example is made of, by name, and how each part looks inside the zoo and on the wire.

An example is a mapping of named features, each of a kind. Inside, a model sees float32 in [-1, 1] (a label or token is
int64). On the wire, clients see [0, 1] for pictures and volumes, and their own units for tables, series and sound.
Both forms follow from the feature, here and nowhere else.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from zoo.core.columns import Column
from zoo.core.errors import UserError
from zoo.core.wire_names import WIRE_NAMES

KINDS = (*WIRE_NAMES, "label", "seed")
"""A seed is no part of data: it is an input of signatures that sample."""

_NUMERIC = {"image": (0.0, 1.0), "video": (0.0, 1.0), "volume": (0.0, 1.0), "audio": (-1.0, 1.0)}
"""The wire's range of the kinds that have one of their own."""

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Feature:
    """One named part of an example. The functions below make them: `image(28, 28, 1)`, `label(names)` and so on.

    Attributes:
      kind: one of KINDS.
      shape: of one example inside, without the batch; None for a side that varies. A table's is (width,), see Column.
      dtype: inside: float32, or int64 for labels, tokens and seeds.
      low, high: the values on the wire that are -1 and 1 inside; None where both forms are equal.
      names: of the classes of a label, or the words of tokens, in the order of their numbers.
      columns: of a table.
      rate: samples or frames a second, where known.
    """

    kind: str
    shape: Shape
    dtype: str = "float32"
    low: float | None = None
    high: float | None = None
    names: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    rate: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UserError(f"A feature's kind is one of {', '.join(KINDS)}; received {self.kind!r}.")

    @property
    def size(self) -> int:
        """Numbers in one example. Errors: ValueError where a side varies."""
        if None in self.shape:
            raise ValueError(f"The size of a feature of shape {self.shape} varies.")
        return math.prod(side or 0 for side in self.shape)

    # The wire.

    def wire(self, name: str) -> dict[str, tf.TensorSpec]:
        """The tensors that carry this feature, by name; dimension 0 is the batch.

        Args:
          name: the tensor's, where there is one; a table's have the names of their columns.
        """
        if self.kind == "table":
            return {column.wire_name: tf.TensorSpec((None,), column.wire_dtype) for column in self.columns}
        if self.kind == "tokens":
            return {name: tf.TensorSpec((None,), tf.string)}
        return {name: tf.TensorSpec((None, *self.shape), tf.as_dtype(self.dtype))}

    def from_wire(self, name: str, tensors: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """The tensors of `wire(name)` as a model sees them: (B, *shape)."""
        if self.kind == "table":
            return tf.concat([c.encode(tensors[c.wire_name]) for c in self.columns], axis=1)
        if self.kind == "tokens":
            return self._numbers(tensors[name])
        if self.low is None or self.high is None:
            return tensors[name]
        return (2.0 / (self.high - self.low)) * (tensors[name] - self.low) - 1.0

    def to_wire(self, name: str, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """What a model gives, (B, *shape), as the tensors of `wire(name)`."""
        if self.kind == "table":
            parts = tf.split(x, [c.width for c in self.columns], axis=1)
            return {c.wire_name: c.decode(part) for c, part in zip(self.columns, parts, strict=True)}
        if self.kind == "tokens":
            words = tf.gather(tf.constant(["", *self.names]), tf.clip_by_value(x, 0, len(self.names)))
            return {name: tf.strings.strip(tf.strings.reduce_join(words, axis=-1, separator=" "))}
        if self.low is None or self.high is None:
            return {name: x}
        return {name: self.low + (self.high - self.low) * (x + 1.0) / 2.0}

    def _numbers(self, text: tf.Tensor) -> tf.Tensor:
        """Strings (B,) as word numbers (B, length), from 1; 0 pads, and stands for words that are not in `names`."""
        words = tf.strings.split(tf.strings.lower(text))
        known = tf.constant(self.names)
        numbers = tf.ragged.map_flat_values(lambda w: _place(w, known) + 1, words)
        return numbers.to_tensor(0, shape=(None, self.shape[0]))

    def describe(self) -> str:
        """A line for people: `image 28x28x1, float32 in [0, 1]`."""
        side = "x".join("?" if s is None else str(s) for s in self.shape)
        words = f"{self.kind} {side}".strip()
        if self.kind == "table":
            return f"table of {len(self.columns)} columns: {', '.join(c.describe() for c in self.columns)}"
        if self.kind == "label":
            return f"label of {len(self.names)} classes: {', '.join(self.names)}"
        if self.kind == "tokens":
            return f"text of up to {self.shape[0]} words, of {len(self.names)} known ones"
        if self.low is not None and self.high is not None:
            words += f", {self.dtype} in [{self.low:g}, {self.high:g}]"
        return words + (f", {self.rate:g} a second" if self.rate else "")

    def meanings(self, name: str) -> dict[str, str]:
        """What each tensor of `wire(name)` is, for people: of a table each column, else `describe()`."""
        if self.kind == "table":
            return {column.wire_name: column.describe() for column in self.columns}
        return {name: self.describe()}

    def to_json(self) -> dict[str, Any]:
        """A mapping that `from_json` reads, without what is empty."""
        return {k: v for k, v in dataclasses.asdict(self).items() if k == "shape" or v not in (None, ())}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Feature":
        """What `to_json` wrote. Errors: TypeError, KeyError for anything else."""
        columns = tuple(Column.from_json(c) for c in values.get("columns", ()))
        listed = {k: tuple(values[k]) for k in ("shape", "names") if k in values}
        return cls(**{**values, **listed, "columns": columns})


def _place(values: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    """Where each value (N,) is in `known` (K,), int64 (N,); -1 where it is not."""
    same = values[:, None] == known[None]
    return tf.where(tf.reduce_any(same, axis=1), tf.argmax(tf.cast(same, tf.int32), axis=1), -1)


# Makers, one for each kind.


def image(height: int | None, width: int | None, channels: int) -> Feature:
    """A picture (H, W, C); [0, 1] on the wire. None for a side of any size."""
    return _ranged("image", (height, width, channels))


def video(frames: int, height: int, width: int, channels: int, rate: float | None = None) -> Feature:
    """(T, H, W, C); [0, 1] on the wire. `rate`: frames a second."""
    return _ranged("video", (frames, height, width, channels), rate=rate)


def volume(depth: int, height: int, width: int, channels: int = 1) -> Feature:
    """A solid of voxels (D, H, W, C); [0, 1] on the wire."""
    return _ranged("volume", (depth, height, width, channels))


def audio(length: int, channels: int = 1, rate: float | None = None) -> Feature:
    """A sound (T, C) in [-1, 1], inside and on the wire. `rate`: samples a second."""
    return _ranged("audio", (length, channels), rate=rate)


def series(length: int, channels: int, low: float, high: float, rate: float | None = None) -> Feature:
    """Measurements over time (T, C), in their own units on the wire: one scale for all, [low, high] is [-1, 1]."""
    span = (low, high) if high > low else (low - 1.0, low + 1.0)
    return Feature("series", (length, channels), low=span[0], high=span[1], rate=rate)


def table(columns: Sequence[Column]) -> Feature:
    """A row of columns; on the wire each by its name, in its own units."""
    names = [c.wire_name for c in columns]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise UserError(f"Two columns have the name {twice[0]!r} on the wire. Rename one of them.")
    return Feature("table", (sum(c.width for c in columns),), columns=tuple(columns))


def tokens(length: int, words: Sequence[str]) -> Feature:
    """Up to `length` words of a vocabulary, int64 (T,) from 1, padded with 0; a string on the wire."""
    return Feature("tokens", (length,), "int64", names=tuple(words))


def label(classes: int | Sequence[str]) -> Feature:
    """A class, int64; its names, or how many there are, which are then called 0, 1 and so on."""
    names = tuple(map(str, range(classes))) if isinstance(classes, int) else tuple(classes)
    return Feature("label", (), "int64", names=names)


def vector(*shape: int) -> Feature:
    """Numbers of a model's own, float32: codes, latents, logits; `vector()` is one number, as a score."""
    return Feature("vector", shape)


def seed() -> Feature:
    """Where a sample comes from: int64."""
    return Feature("seed", (), "int64")


def _ranged(kind: str, shape: Shape, rate: float | None = None) -> Feature:
    low, high = _NUMERIC[kind]
    return Feature(kind, shape, low=low, high=high, rate=rate)


def to_unit(x: Any) -> Any:
    """From [-1, 1] to [0, 1]."""
    return (x + 1.0) / 2.0


def from_unit(x: Any) -> Any:
    """From [0, 1] to [-1, 1]."""
    return 2.0 * x - 1.0


@dataclass(frozen=True)
class Spec:
    """What the examples of a data set are.

    Attributes:
      features: by name.
      targets: the features that are generated: one, or the two domains of a translation.
      condition: those that a conditional model is given.
    """

    features: Mapping[str, Feature]
    targets: tuple[str, ...]
    condition: tuple[str, ...] = ()

    @classmethod
    def of(cls, target: Feature, classes: int | Sequence[str] = 0) -> "Spec":
        """Of one feature, under the name of its kind, with a label where there are classes."""
        features = {target.kind: target}
        if classes:
            features["label"] = label(classes)
        return cls(features, (target.kind,), ("label",) if classes else ())

    @property
    def target(self) -> str:
        """The name of the feature that is generated, the first where there are two."""
        return self.targets[0]

    @property
    def feature(self) -> Feature:
        """The feature that is generated, the first where there are two."""
        return self.features[self.target]

    @property
    def kind(self) -> str:
        """Of the feature that is generated."""
        return self.feature.kind

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the feature that is generated, without the batch. Errors: ValueError where a side varies."""
        if None in self.feature.shape:
            raise ValueError(f"The shape of {self.target} varies: {self.feature.shape}.")
        return tuple(side or 0 for side in self.feature.shape)

    @property
    def classes(self) -> int:
        """How many classes the feature `label` has; 0 where there is none."""
        return len(self.features["label"].names) if "label" in self.features else 0

    def describe(self) -> str:
        """A line for each feature."""
        return "\n".join(f"{name}: {feature.describe()}" for name, feature in self.features.items())

    def to_json(self) -> dict[str, Any]:
        """A mapping that `from_json` reads."""
        features = {name: feature.to_json() for name, feature in self.features.items()}
        return {"features": features, "targets": list(self.targets), "condition": list(self.condition)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Spec":
        """What `to_json` wrote. Errors: TypeError, KeyError for anything else."""
        features = {name: Feature.from_json(f) for name, f in values["features"].items()}
        return cls(features, tuple(values["targets"]), tuple(values["condition"]))
