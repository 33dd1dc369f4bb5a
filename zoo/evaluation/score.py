"""A score and how it came to be: neither is made, kept or read without the other."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from serving.protocol.files import write_whole
from zoo.core.errors import UserError
from zoo.data import Data
from zoo.evaluation import evaluators
from zoo.evaluation.evaluators import Evaluator

OVER_SEEDS = "95 %, Student's t over the seeds"
OVER_EXAMPLES = "95 %, bootstrap over examples"


@dataclass(frozen=True)
class Protocol:
    """All that another score must share to be compared with this one.

    Attributes:
      command: makes it again.
      data: name and shape.
      split: of the real examples.
      real, fake: how many of each there were; None where the model gave no rows.
      range: of pixels.
      evaluator: the data's own, as NAME HASH, by whose features distances are taken; None where it has none.
      seeds: of the trainings.
      checkpoint: which weights: the last, the best of some, a server's version.
      averaged: whether they are moving averages; None where a server does not say.
      interval: what low and high are.
      versions: of the packages that decide what is computed.
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
        """What `of` reads back. JSON has no NaN: null."""
        numbers = {key: to_null(getattr(self, key)) for key in ("value", "low", "high")}
        return {**numbers, "protocol": dataclasses.asdict(self.protocol)}

    @classmethod
    def of(cls, record: Mapping[str, Any], source: Path) -> "Score":
        """The score that `to_json` wrote into the file `source`. Errors: UserError where its protocol is not whole."""
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


def over_seeds(values: Sequence[float], protocol: Protocol) -> Score:
    """The mean of one value a seed, with the 95 % interval of Student's t.

    A bootstrap of three values has ten different resamples and would give their range, which holds the mean in three
    cases of four. One seed, or a value that is missing (NaN), gives no interval.
    """
    mean = float(np.mean(values)) if values else math.nan
    half = math.nan
    if len(values) > 1:
        half = float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values)))
    return Score(mean, mean - half, mean + half, protocol)


def judge(data: str) -> str | None:
    """The evaluator of a data set as NAME HASH; None where it has none of its own."""
    try:
        return named(evaluators.load(data))
    except UserError:
        return None


def named(evaluator: Evaluator) -> str:
    """NAME HASH."""
    return f"{evaluator.name} {evaluator.hash}"


def described(data: Data) -> str:
    """A data set's name and shape: digits, 8x8x1."""
    return f"{data.name}, {'x'.join(map(str, data.spec.shape))}"


def write(path: Path, record: Any) -> None:
    """A JSON file, whole or not there, with the folder that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read(path: Path) -> Any:
    """What a JSON file says. Errors: UserError for one that is none."""
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error}). Make it again with the command that wrote it.") from None
