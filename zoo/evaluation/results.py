"""The stored results: a folder with a JSON file, and a picture, for each."""

from dataclasses import dataclass
from pathlib import Path

from zoo.evaluation import score
from zoo.evaluation.comparison import Comparison
from zoo.evaluation.verdicts import Verified

OURS = Path(__file__).parents[2] / "docs" / "results"
"""The project's own, in a checkout."""


@dataclass(frozen=True)
class Results:
    """All of a folder's, in the order of their names."""

    verified: tuple[Verified, ...] = ()
    compared: tuple[Comparison, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> "Results":
        """Errors: UserError for a file that is no result, or holds a score without its protocol."""
        verified = tuple(Verified.of(score.read(path), path) for path in sorted(folder.glob("verify-*.json")))
        compared = tuple(Comparison.of(score.read(path), path) for path in sorted(folder.glob("compare-*.json")))
        return cls(verified, compared)
