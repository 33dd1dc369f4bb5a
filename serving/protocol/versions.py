"""The one rule of versions: which folders are versions of a model, which are complete, which is the latest."""

import contextlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

SETTLED = 2.0
"""Seconds after which an empty folder `variables` counts as finished rather than as being copied."""


@dataclass(frozen=True)
class Policy:
    """Which versions are served.

    Attributes:
      latest: how many of the highest; None for all.
      specific: only these; overrides `latest`.
    """

    latest: int | None = 1
    specific: tuple[int, ...] | None = None

    def chosen(self, ranked: Sequence[tuple[int, Path]]) -> dict[int, Path]:
        """Of (version, folder), the highest first, those to serve.

        A half-copied version is included, to be loaded once it is complete, but does not displace a complete one.
        """
        if self.specific is not None:
            return {version: path for version, path in ranked if version in self.specific}
        if self.latest is None:
            return dict(ranked)
        places = [i for i, (_, path) in enumerate(ranked) if complete(path)][: self.latest]
        return dict(ranked[: max(places, default=self.latest - 1) + 1])


@dataclass(frozen=True)
class Source:
    """The folder of a model's versions, and which of them are served."""

    path: Path
    policy: Policy = field(default_factory=Policy)


def number(name: str) -> int | None:
    """The version that a folder's name stands for, read as absl::SimpleAtoi does: 7, 007, +7; None for other names."""
    if not re.fullmatch(r"\s*[+-]?\d+\s*", name, re.ASCII):
        return None
    return found if -(2**63) <= (found := int(name)) < 2**63 else None


def numbered(base: Path) -> dict[int, Path]:
    """The children that are named as versions, lowest first, whole or not. Of 07 and 7, 7 counts. Errors: OSError."""
    found = {version: p for p in sorted(base.iterdir()) if (version := number(p.name)) is not None}
    return dict(sorted(found.items()))


def servable(base: Path) -> dict[int, Path]:
    """The versions that hold a whole SavedModel, lowest first; empty if there is no such folder. Errors: OSError."""
    return {version: path for version, path in numbered(base).items() if complete(path)} if base.is_dir() else {}


def latest(base: Path) -> Path | None:
    """The folder of a model's highest servable version; None if it has none. Errors: OSError."""
    found = servable(base)
    return found[max(found)] if found else None


def following(base: Path) -> int:
    """The number for a new version: above every one that is there, half-copied ones too. Errors: OSError."""
    return 1 + max([0, *numbered(base)])


def models(root: Path) -> dict[str, Path]:
    """The models of a folder NAME/VERSION/ that have a servable version, by name. Errors: OSError."""
    return {path.name: path for path in sorted(root.iterdir()) if path.is_dir() and servable(path)}


def complete(path: Path) -> bool:
    """Whether a version's folder holds a whole SavedModel, judged by the names of its files: it may be half copied."""
    if not any((path / name).is_file() for name in ("saved_model.pb", "saved_model.pbtxt")):
        return False
    variables = path / "variables"
    if not variables.is_dir():
        return True
    if not any(variables.iterdir()):  # a model without variables, or a copy that has just begun
        return time.time() - variables.stat().st_mtime > SETTLED
    shards = sorted(variables.glob("variables.data-*-of-*"))
    whole = shards and len(shards) == int(shards[0].name.rpartition("-")[2])
    return bool(whole) and (variables / "variables.index").is_file()


def fingerprint(path: Path) -> frozenset[tuple[str, int, int]]:
    """Names, sizes and times of a folder's files; they change while it is being copied."""
    found = set()
    for file in path.rglob("*"):
        with contextlib.suppress(OSError):  # it may be deleted meanwhile
            found.add((str(file), file.stat().st_size, file.stat().st_mtime_ns))
    return frozenset(found)
