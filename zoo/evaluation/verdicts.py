"""What comes of a verification, as it is kept."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.core.claims import Claim
from zoo.evaluation import score
from zoo.evaluation.score import Score
from zoo.evaluation.trials import slug


@dataclass(frozen=True)
class Verdict:
    """What came of a claim.

    Attributes:
      ours, theirs: the measure by seed, of the variant and of what it is held against; NaN where a run failed.
      difference: the mean of ours - theirs: paired, since both share a seed.
      failures: in words.
    """

    claim: Claim
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    difference: Score
    failures: tuple[str, ...]

    @property
    def shown(self) -> bool:
        """Whether the whole interval of the difference lies on the claim's side of zero."""
        return self.difference.high < 0 if self.claim.direction == "below" else self.difference.low > 0

    def __str__(self) -> str:
        ours, theirs = (", ".join(f"{v:.4g}" for v in values) for values in (self.ours, self.theirs))
        lines = [
            f"{'shown' if self.shown else 'NOT shown'}: {self.claim.says}",
            f"  {self.claim.measure}: {ours}; {self.claim.against}: {theirs}",
            f"  difference {self.difference}, to be {self.claim.direction} 0",
        ]
        return "\n".join([*lines, *(f"  failed: {text}" for text in self.failures)])

    def to_json(self) -> dict[str, Any]:
        """What `of` reads back."""
        return {
            "claim": dataclasses.asdict(self.claim),
            "ours": [score.to_null(v) for v in self.ours],
            "theirs": [score.to_null(v) for v in self.theirs],
            "difference": self.difference.to_json(),
            "failures": list(self.failures),
        }

    @classmethod
    def of(cls, record: Mapping[str, Any], source: Path) -> "Verdict":
        """The verdict in a file. Errors: UserError where its score has no protocol."""
        ours, theirs = (tuple(map(score.from_null, record[side])) for side in ("ours", "theirs"))
        difference = Score.of(record["difference"], source)
        return cls(Claim(**record["claim"]), ours, theirs, difference, tuple(record["failures"]))


@dataclass(frozen=True)
class Verified:
    """A variant's verdicts on some data; one file of the results.

    Attributes:
      seconds: of its trainings, by seed; NaN where one failed before its first epoch was over.
    """

    model: str
    data: str
    seconds: tuple[float, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def name(self) -> str:
        """Of its file, without suffix."""
        return slug(f"verify-{self.model}-{self.data}")

    def to_json(self) -> dict[str, Any]:
        """What `of` reads back."""
        return {
            "model": self.model,
            "data": self.data,
            "seconds": [score.to_null(v) for v in self.seconds],
            "verdicts": [v.to_json() for v in self.verdicts],
        }

    @classmethod
    def of(cls, record: Mapping[str, Any], source: Path) -> "Verified":
        """What `to_json` wrote into the file `source`."""
        seconds = tuple(map(score.from_null, record["seconds"]))
        verdicts = tuple(Verdict.of(v, source) for v in record["verdicts"])
        return cls(record["model"], record["data"], seconds, verdicts)
