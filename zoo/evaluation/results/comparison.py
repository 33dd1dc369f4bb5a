"""The result of a comparison, as it is stored."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.core.files import slug
from zoo.evaluation.protocol import Score, from_null, to_null


@dataclass(frozen=True)
class Entry:
    """One of the models.

    Attributes:
      model: as on a command line.
      epochs: after which it was measured.
      curves: the measure by seed and epoch; NaN from where a run failed.
      last: the mean of the last values, over the seeds whose run did not fail.
      best: the mean of each run's best value.
      difference: the mean difference of the last values to the first model's, paired by seed. None for the first.
      failures: in words.
    """

    model: str
    epochs: tuple[int, ...]
    curves: tuple[tuple[float, ...], ...]
    last: Score
    best: Score
    difference: Score | None
    failures: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """A mapping that `of` reads."""
        return {
            "model": self.model,
            "epochs": list(self.epochs),
            "curves": [[to_null(v) for v in curve] for curve in self.curves],
            "last": self.last.to_json(),
            "best": self.best.to_json(),
            "difference": self.difference and self.difference.to_json(),
            "failures": list(self.failures),
        }

    @classmethod
    def of(cls, record: Mapping[str, Any], source: Path) -> "Entry":
        """What `to_json` wrote into the file `source`. Errors: UserError where a score has no protocol."""
        curves = tuple(tuple(map(from_null, curve)) for curve in record["curves"])
        last, best = (Score.of(record[key], source) for key in ("last", "best"))
        difference = record["difference"] and Score.of(record["difference"], source)
        epochs, failures = tuple(record["epochs"]), tuple(record["failures"])
        return cls(record["model"], epochs, curves, last, best, difference, failures)


@dataclass(frozen=True)
class Comparison:
    """Several models at equal budget: one file.

    Attributes:
      title: for people.
      measure: a name of `zoo.evaluation.measures`.
      better: lower or higher.
    """

    title: str
    measure: str
    better: str
    entries: tuple[Entry, ...]

    @property
    def name(self) -> str:
        """The name of its file, without suffix."""
        return slug(f"compare-{self.title}")

    @property
    def ranked(self) -> list[Entry]:
        """The entries by their last score, the best first; those without one come last."""
        sign = 1 if self.better == "lower" else -1
        return sorted(self.entries, key=lambda e: (math.isnan(e.last.value), sign * e.last.value))

    def __str__(self) -> str:
        rows = [("model", f"{self.measure}, last", "best", f"minus {self.entries[0].model}", "failed")]
        rows += [
            (e.model, str(e.last), str(e.best), str(e.difference or ""), f"{len(e.failures)} of {len(e.curves)}")
            for e in self.ranked
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([*lines, *(f"failed: {text}" for e in self.entries for text in e.failures)])

    def to_json(self) -> dict[str, Any]:
        """A mapping that `of` reads."""
        entries = [e.to_json() for e in self.entries]
        return {"title": self.title, "measure": self.measure, "better": self.better, "entries": entries}

    @classmethod
    def of(cls, record: Mapping[str, Any], source: Path) -> "Comparison":
        """What `to_json` wrote into the file `source`."""
        entries = tuple(Entry.of(e, source) for e in record["entries"])
        return cls(record["title"], record["measure"], record["better"], entries)
