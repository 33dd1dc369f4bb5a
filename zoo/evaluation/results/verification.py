"""The result of a verification, as it is stored."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.core.claims import Claim
from zoo.core.files import slug
from zoo.evaluation.protocol import Score, from_null, to_null


@dataclass(frozen=True)
class ClaimResult:
    """What was measured for one claim.

    Attributes:
      values: the measure by seed, of the model whose claim it is; NaN where a run failed.
      others: the same of what it is compared with.
      difference: the mean of values - others, paired by seed.
      failures: in words.
    """

    claim: Claim
    values: tuple[float, ...]
    others: tuple[float, ...]
    difference: Score
    failures: tuple[str, ...]

    @property
    def shown(self) -> bool:
        """Whether the whole interval of the difference lies on the claimed side of zero."""
        return self.difference.high < 0 if self.claim.direction == "below" else self.difference.low > 0

    def __str__(self) -> str:
        values, others = (", ".join(f"{v:.4g}" for v in numbers) for numbers in (self.values, self.others))
        lines = [
            f"{'shown' if self.shown else 'NOT shown'}: {self.claim.says}",
            f"  {self.claim.measure}: {values}; {self.claim.against}: {others}",
            f"  difference {self.difference}; the claim is {self.claim.direction} 0",
        ]
        return "\n".join([*lines, *(f"  failed: {text}" for text in self.failures)])

    def to_json(self) -> dict[str, Any]:
        """A mapping that `of` reads."""
        return {
            "claim": dataclasses.asdict(self.claim),
            "values": [to_null(v) for v in self.values],
            "others": [to_null(v) for v in self.others],
            "difference": self.difference.to_json(),
            "failures": list(self.failures),
        }

    @classmethod
    def of(cls, record: Mapping[str, Any], source: Path) -> "ClaimResult":
        """What `to_json` wrote into the file `source`. Errors: UserError where its score has no protocol."""
        values, others = (tuple(map(from_null, record[key])) for key in ("values", "others"))
        difference = Score.of(record["difference"], source)
        return cls(Claim(**record["claim"]), values, others, difference, tuple(record["failures"]))


@dataclass(frozen=True)
class Verification:
    """The results of a model's claims on some data: one file.

    Attributes:
      seconds: of the model's training, by seed; NaN where it failed before its first epoch was over.
    """

    model: str
    data: str
    seconds: tuple[float, ...]
    claims: tuple[ClaimResult, ...]

    @property
    def name(self) -> str:
        """The name of its file, without suffix."""
        return slug(f"verify-{self.model}-{self.data}")

    def to_json(self) -> dict[str, Any]:
        """A mapping that `of` reads."""
        return {
            "model": self.model,
            "data": self.data,
            "seconds": [to_null(v) for v in self.seconds],
            "claims": [c.to_json() for c in self.claims],
        }

    @classmethod
    def of(cls, record: Mapping[str, Any], source: Path) -> "Verification":
        """What `to_json` wrote into the file `source`."""
        seconds = tuple(map(from_null, record["seconds"]))
        claims = tuple(ClaimResult.of(c, source) for c in record["claims"])
        return cls(record["model"], record["data"], seconds, claims)
