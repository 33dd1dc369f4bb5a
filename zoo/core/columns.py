"""The columns of a table: each in its own units on the wire, and as numbers in [-1, 1] inside.

number    one number; low and high of the training rows are -1 and 1. Whole numbers come back whole.
category  a number for each category: 1 for the one it is, -1 for the others.
date      one number, of the days since 1970-01-01; YYYY-MM-DD on the wire.
flag      one number: 1 for true, -1 for false.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from zoo.core.errors import UserError

TYPES = ("number", "category", "date", "flag")


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
      name: as the data has it.
      type: one of TYPES.
      low, high: of a number, or of a date in days since 1970-01-01, in the training rows.
      whole: whether a number has no fraction.
      categories: in the order of their numbers inside.
    """

    name: str
    type: str = "number"
    low: float = 0.0
    high: float = 1.0
    whole: bool = False
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise UserError(f"A column's type is one of {', '.join(TYPES)}; {self.name!r} has {self.type!r}.")

    @property
    def wire_name(self) -> str:
        """The name in requests and replies: the column's, with _ for what is no letter, digit or _."""
        name = re.sub(r"\W+", "_", self.name, flags=re.ASCII).strip("_") or "column"
        return f"column_{name}" if name[0].isdigit() else name

    @property
    def wire_dtype(self) -> tf.DType:
        """Of the column in requests and replies."""
        if self.type == "number":
            return tf.int64 if self.whole else tf.float32
        return tf.bool if self.type == "flag" else tf.string

    @property
    def width(self) -> int:
        """Numbers that stand for the column inside."""
        return len(self.categories) if self.type == "category" else 1

    def encode(self, values: tf.Tensor) -> tf.Tensor:
        """Values (B,) of `wire_dtype` -> float32 (B, width) in [-1, 1]; a number beyond low and high leaves it.

        A category that is not known is -1 everywhere.
        """
        if self.type == "category":
            return 2.0 * tf.cast(values[:, None] == tf.constant(self.categories), tf.float32) - 1.0
        if self.type == "flag":
            return tf.where(values, 1.0, -1.0)[:, None]
        numbers = _days(values) if self.type == "date" else values
        middle, half = self._scale
        return tf.cast((tf.cast(numbers, tf.float64) - middle) / half, tf.float32)[:, None]

    def decode(self, x: tf.Tensor) -> tf.Tensor:
        """What `encode` gives, or a model's float32 (B, width) -> values (B,) of `wire_dtype`."""
        if self.type == "category":
            return tf.gather(tf.constant(self.categories), tf.argmax(x, axis=1))
        if self.type == "flag":
            return x[:, 0] > 0
        middle, half = self._scale
        numbers = middle + half * tf.cast(x[:, 0], tf.float64)
        if self.type == "date":
            return _date(tf.cast(tf.round(numbers), tf.int64))
        return tf.cast(tf.round(numbers), tf.int64) if self.whole else tf.cast(numbers, tf.float32)

    @property
    def _scale(self) -> tuple[float, float]:
        """What is 0 inside, and how much more is 1; a column of one value is 0."""
        half = (self.high - self.low) / 2
        return self.low + half, half or 1.0

    def describe(self) -> str:
        """A few words for people: `age (whole number, 18 to 90)`."""
        if self.type == "category":
            return f"{self.name} ({', '.join(self.categories)})"
        if self.type == "date":
            ends = _date(tf.constant([self.low, self.high], tf.float64)).numpy()
            return f"{self.name} (date, {' to '.join(end.decode() for end in ends)})"
        if self.type == "flag":
            return f"{self.name} (true or false)"
        return f"{self.name} ({'whole number' if self.whole else 'number'}, {self.low:g} to {self.high:g})"

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Column":
        """What dataclasses.asdict gave. Errors: TypeError for anything else."""
        return cls(**{**values, "categories": tuple(values.get("categories", ()))})

    def to_json(self) -> dict[str, Any]:
        """A mapping that `from_json` reads."""
        return dataclasses.asdict(self)


# Days and dates by the proleptic Gregorian calendar, whole numbers only: the algorithms of H. Hinnant, "chrono-
# compatible low-level date algorithms". A year begins in March, so that the leap day is its last.


def _days(dates: tf.Tensor) -> tf.Tensor:
    """YYYY-MM-DD (B,) -> days since 1970-01-01, int64 (B,)."""
    year, month, day = (
        tf.strings.to_number(tf.strings.substr(dates, *part), tf.int64) for part in ((0, 4), (5, 2), (8, 2))
    )
    year -= tf.cast(month <= 2, tf.int64)
    era, of_era = year // 400, year % 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + 365 * of_era + of_era // 4 - of_era // 100 + of_year - 719_468


def _date(days: tf.Tensor) -> tf.Tensor:
    """Days since 1970-01-01 (B,) -> YYYY-MM-DD (B,)."""
    days = tf.cast(days, tf.int64) + 719_468
    era, of_era = days // 146_097, days % 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = (month + 2) % 12 + 1
    year = era * 400 + year + tf.cast(month <= 2, tf.int64)
    return tf.strings.join([_padded(year, 4), _padded(month, 2), _padded(day, 2)], "-")


def _padded(numbers: tf.Tensor, digits: int) -> tf.Tensor:
    return tf.strings.as_string(numbers, width=digits, fill="0")
