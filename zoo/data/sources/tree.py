"""Files of a folder or of a zip archive, whichever it is."""

import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from serving.protocol import images
from zoo.data.errors import DataError

_SHOWN = 10
"""Broken files that a message names at most."""


class Member(NamedTuple):
    """A file in a zip archive."""

    archive: Path
    name: str

    def __str__(self) -> str:
        return f"{self.name} in {self.archive}"


Source = Path | Member

Files = Sequence[tuple[Source, tuple[str, ...]]]
"""Files with their names' parts within the folder or archive."""


def listed(root: Path) -> Files:
    """The files of a folder or zip archive, with their names' parts within it, in the order of their names.

    Hidden files and what operating systems add (__MACOSX, Thumbs.db) are left out. Errors: DataError.
    """
    if root.is_dir():
        files = sorted(p for p in root.rglob("*") if p.is_file())
        pairs: Iterable[tuple[Source, tuple[str, ...]]] = ((file, file.relative_to(root).parts) for file in files)
    else:
        names = sorted(info.filename for info in _archive(root).infolist() if not info.is_dir())
        pairs = ((Member(root, name), PurePosixPath(name).parts) for name in names)
    return [(source, parts) for source, parts in pairs if not images.is_clutter(parts)]


def is_picture(source: Source, parts: Sequence[str]) -> bool:
    """Whether a file's ending is a picture's, or it has none and its content is a picture."""
    if isinstance(source, Path):
        return images.is_picture(source)
    name = PurePosixPath(parts[-1])
    return name.suffix.lower() in images.SUFFIXES or (not name.suffix and images.is_picture(content(source)))


def content(source: Source) -> Path | bytes:
    """What a decoder takes: the file itself, or an archive's bytes. Errors: DataError."""
    if isinstance(source, Path):
        return source
    try:
        return _archive(source.archive).read(source.name)
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, KeyError, NotImplementedError) as error:
        raise DataError(f"{source} cannot be read ({error}). Zip it again, without a password.") from None


def text(source: Source) -> str:
    """A file's text, UTF-8. Errors: DataError."""
    try:
        found = content(source)
        return (found.read_bytes() if isinstance(found, Path) else found).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{source} cannot be read as text in UTF-8 ({error}). Write it again.") from None


def mark(source: Source, parts: Sequence[str]) -> str:
    """A text that changes when the file does: its name within the folder, and its size."""
    size = source.stat().st_size if isinstance(source, Path) else _archive(source.archive).getinfo(source.name).CRC
    return f"{'/'.join(parts)} {size}"


def refuse(errors: Sequence[DataError], count: int) -> None:
    """Errors: DataError that names all broken files, where there are any; of very many, the first ten."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        first = "\n  ".join(str(error) for error in errors[:_SHOWN])
        more = f"\n  and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
        raise DataError(
            f"{len(errors)} of {count} files cannot be read. Repair or remove them, or leave them out with "
            f"--skip-broken:\n  {first}{more}"
        )


def others(files: Sequence[Sequence[str]]) -> list[str]:
    """Files that are not used, in words: how many of each ending."""
    endings = Counter(PurePosixPath(parts[-1]).suffix.lower() or parts[-1] for parts in files)
    return [f"{count} {ending}" for ending, count in endings.most_common(6)]


@lru_cache(maxsize=4)
def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read as a zip archive ({error}). Zip it again.") from None
