"""A score and its protocol, how it was measured: neither is made, kept or read without the other."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.core.errors import UserError

OVER_SEEDS = "95 %, Student's t over the seeds"
OVER_EXAMPLES = "95 %, bootstrap over examples"


@dataclass(frozen=True)
class Protocol:
    """How a score was measured. Two scores can be compared where these agree.

    Attributes:
      command: the command that measures it again.
      model: with its parameters, as on a command line.
      data: name and shape.
      split: which real examples it is measured on.
      real, fake: how many real and how many generated examples; None where there were none.
      range: of the examples' values.
      evaluator: whose features are compared, as NAME HASH; None where there is none.
      seeds: of the trainings.
      checkpoint: which weights: the last, the best of several, or a server's version.
      averaged: whether they are moving averages; None where a server does not say.
      interval: what low and high are.
      versions: of the packages that the score depends on.
    """

    command: str
    model: str
    data: str
    split: str
    real: int | None
    fake: int | None
    range: str
    evaluator: str | None
    seeds: tuple[int, ...]
    checkpoint: str
    averaged: bool | None
    interval: str
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Score:
    """A number, its interval (NaN where one seed gives none), and its protocol. Errors: TypeError without one."""

    value: float
    low: float
    high: float
    protocol: Protocol

    def __post_init__(self) -> None:
        if not isinstance(self.protocol, Protocol):
            raise TypeError(f"A score is made with its Protocol; received {self.protocol!r}.")

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"

    def to_json(self) -> dict[str, Any]:
        """A mapping that `of` reads. NaN, which JSON lacks, is null."""
        numbers = {key: to_null(getattr(self, key)) for key in ("value", "low", "high")}
        return {**numbers, "protocol": dataclasses.asdict(self.protocol)}

    @classmethod
    def of(cls, record: Mapping[str, Any], source: Path) -> "Score":
        """The score that `to_json` wrote into the file `source`. Errors: UserError where its protocol is incomplete."""
        kept = record.get("protocol") or {}
        missing = [f.name for f in dataclasses.fields(Protocol) if f.name not in kept]
        if missing:
            raise UserError(
                f"{source} has a score without its protocol: {', '.join(missing)} missing. Such a number cannot be "
                "compared with any other; make it again with the command that wrote the file."
            )
        protocol = Protocol(**{**kept, "seeds": tuple(kept["seeds"])})
        value, low, high = (from_null(record[key]) for key in ("value", "low", "high"))
        return cls(value, low, high, protocol)


def to_null(value: float) -> float | None:
    """NaN and infinity as JSON's null."""
    return value if math.isfinite(value) else None


def from_null(value: float | None) -> float:
    """JSON's null as NaN."""
    return math.nan if value is None else value
