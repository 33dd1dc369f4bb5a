"""A model's folder of versions: their numbers, whether they are whole, and which of them are served."""

import contextlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

SETTLED = 2.0
"""Seconds after which nobody is still copying into a folder that stays empty."""


@dataclass(frozen=True)
class Policy:
    """Which versions are served.

    Attributes:
      latest: so many of the highest; None for all.
      specific: these and no others, whatever `latest` is.
    """

    latest: int | None = 1
    specific: tuple[int, ...] | None = None

    def chosen(self, ranked: Sequence[tuple[int, Path]]) -> dict[int, Path]:
        """Of (version, folder), the highest first, those to serve.

        A half-copied version is waited for together with what there is: it takes nobody's place yet.
        """
        if self.specific is not None:
            return {version: path for version, path in ranked if version in self.specific}
        if self.latest is None:
            return dict(ranked)
        places = [i for i, (_, path) in enumerate(ranked) if complete(path)][: self.latest]
        return dict(ranked[: max(places, default=self.latest - 1) + 1])


@dataclass(frozen=True)
class Source:
    """Where a model's versions lie, and which of them are served."""

    path: Path
    policy: Policy = field(default_factory=Policy)


def numbered(base: Path) -> dict[int, Path]:
    """The children whose names are whole numbers as absl::SimpleAtoi reads them: 7, 007, +7. Errors: OSError."""
    children = sorted(p for p in base.iterdir() if re.fullmatch(r"\s*[+-]?\d+\s*", p.name))
    return {int(p.name): p for p in children if -(2**63) <= int(p.name) < 2**63}


def complete(path: Path) -> bool:
    """Whether a version's folder holds a whole SavedModel, as far as names tell: a copy may be under way."""
    if not any((path / name).is_file() for name in ("saved_model.pb", "saved_model.pbtxt")):
        return False
    variables = path / "variables"
    if not variables.is_dir():
        return True
    if not any(variables.iterdir()):  # of a model without variables, or about to be filled
        return time.time() - variables.stat().st_mtime > SETTLED
    shards = sorted(variables.glob("variables.data-*-of-*"))
    whole = shards and len(shards) == int(shards[0].name.rpartition("-")[2])
    return bool(whole) and (variables / "variables.index").is_file()


def fingerprint(path: Path) -> frozenset[tuple[str, int, int]]:
    """Names, sizes and times of a folder's files: a copy under way changes them."""
    found = set()
    for file in path.rglob("*"):
        with contextlib.suppress(OSError):  # it may go while we look
            found.add((str(file), file.stat().st_size, file.stat().st_mtime_ns))
    return frozenset(found)
