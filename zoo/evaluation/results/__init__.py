"""The stored results. This project's own lie beside this file and are part of the installed package."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zoo.evaluation import score
from zoo.evaluation.comparison import Comparison
from zoo.evaluation.verdicts import Verified

OURS = Path(__file__).parent
"""The folder of the project's own results."""


@dataclass(frozen=True)
class Store:
    """Where results are kept.

    Attributes:
      records: a folder with NAME.json for each result, and NAME.md for what is to be said of it.
      pictures: a folder with NAME.png or NAME.gif for each; may be the same.
    """

    records: Path
    pictures: Path

    def record(self, name: str) -> Path:
        """The file of a result."""
        return self.records / f"{name}.json"

    def note(self, name: str) -> str:
        """What is to be said of a result; empty where there is nothing."""
        path = self.records / f"{name}.md"
        return path.read_text() if path.exists() else ""

    def drawn(self, name: str) -> Iterator[Path]:
        """The pictures of a result."""
        return (path for path in sorted(self.pictures.glob(f"{name}.*")) if path.suffix in (".png", ".gif"))


@dataclass(frozen=True)
class Results:
    """All results of a folder, in the order of their names."""

    verified: tuple[Verified, ...] = ()
    compared: tuple[Comparison, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> "Results":
        """Errors: UserError for a file that is no result, or holds a score without its protocol."""
        verified = tuple(Verified.of(score.read(path), path) for path in sorted(folder.glob("verify-*.json")))
        compared = tuple(Comparison.of(score.read(path), path) for path in sorted(folder.glob("compare-*.json")))
        return cls(verified, compared)
