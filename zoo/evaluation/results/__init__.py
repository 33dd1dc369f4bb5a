"""The stored results. The project's own are beside this file and part of the installed package."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from zoo.core.claims import Claim
from zoo.core.errors import UserError
from zoo.core.files import read_json
from zoo.evaluation.results.comparison import Comparison, Entry
from zoo.evaluation.results.verification import ClaimResult, Verification

__all__ = ["OURS", "ClaimResult", "Comparison", "Entry", "Results", "Store", "Verification"]

__all__ = ["OURS", "Results", "Store"]

OURS = Path(__file__).parent
"""The folder of the project's own results."""

Found = TypeVar("Found", Verification, Comparison)


@dataclass(frozen=True)
class Store:
    """Where results are kept.

    Attributes:
      records: a folder with NAME.json for each result, and NAME.md for a note about it.
      pictures: a folder with NAME.png or NAME.gif for each; may be the same.
    """

    records: Path
    pictures: Path

    def record(self, name: str) -> Path:
        """The file of a result."""
        return self.records / f"{name}.json"

    def note(self, name: str) -> str:
        """The note about a result; empty where there is none."""
        path = self.records / f"{name}.md"
        return path.read_text() if path.exists() else ""

    def previews(self, name: str) -> Iterator[Path]:
        """The pictures of a result."""
        return (path for path in sorted(self.pictures.glob(f"{name}.*")) if path.suffix in (".png", ".gif"))


@dataclass(frozen=True)
class Results:
    """All results of a folder, in the order of their names."""

    verifications: tuple[Verification, ...] = ()
    comparisons: tuple[Comparison, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> "Results":
        """Errors: UserError for a file that is not a result, or has a score without its protocol."""
        return cls(_all(folder, "verify", Verification.of), _all(folder, "compare", Comparison.of))

    def of_claims(self, model: str, claims: tuple[Claim, ...]) -> list[tuple[str, str, str]]:
        """A row for each claim of a model: the claim in words, its measure, and the results with their data."""
        rows = []
        for claim in claims:
            found = [
                f"{'shown' if result.shown else 'not shown'} on {verification.data}: difference {result.difference}"
                for verification in self.verifications
                for result in verification.claims
                if verification.model == model and result.claim == claim
            ]
            measure = f"{claim.measure} {claim.direction} {claim.against}"
            rows.append((claim.says, measure, "; ".join(found) or "not measured yet"))
        return rows


def _all(folder: Path, kind: str, of: Callable[[Any, Path], Found]) -> tuple[Found, ...]:
    return tuple(_one(path, of) for path in sorted(folder.glob(f"{kind}-*.json")))


def _one(path: Path, of: Callable[[Any, Path], Found]) -> Found:
    try:
        return of(read_json(path), path)
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} is not a result of this version ({type(error).__name__}: {error}). Run the command that wrote it "
            "again, or move it to another folder."
        ) from None
