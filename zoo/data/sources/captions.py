"""Captions of images: a file of them beside the images, or a text file beside each."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from zoo.data.errors import DataError, many
from zoo.data.sources import tree

NAMES = ("captions", "metadata")
"""What a file of captions is called, without its ending: .txt, .csv, .tsv or .jsonl."""
_FILE, _TEXT = ("file_name", "filename", "file", "image", "path"), ("caption", "text", "description", "prompt")


def find(images: tree.Files, others: tree.Files) -> tuple[list[str] | None, list[str], tree.Files]:
    """A caption for each image, or None where there are none; warnings; and the files that are no captions.

    Of several captions of one image the first counts. An image without one has an empty caption.
    """
    lists = [file for file in others if _is_list(file[1])]
    rest = [file for file in others if not _is_list(file[1])]
    found: dict[tuple[str, ...], str] = {}
    several = 0
    for source, parts in lists:
        for name, text in _rows(source):
            key = (*parts[:-1], *PurePosixPath(name.partition("#")[0]).parts)
            several += key in found
            found.setdefault(key, text)
    if not lists:
        texts = {_bare(parts): source for source, parts in others if parts[-1].endswith(".txt")}
        pairs = {parts: texts.get(_bare(parts)) for _, parts in images}
        found = {parts: tree.text(source).strip() for parts, source in pairs.items() if source}
        used = {source for source in pairs.values() if source}
        rest = [file for file in others if file[0] not in used]
    if not found:
        return None, [], others
    return _matched(images, found, several), _warnings(images, found, several), rest


def _bare(parts: tuple[str, ...]) -> tuple[str, ...]:
    """A file's path without its ending."""
    return (*parts[:-1], PurePosixPath(parts[-1]).stem)


def _matched(images: tree.Files, found: Mapping[tuple[str, ...], str], several: int) -> list[str]:
    if not any(_of(parts, found) for _, parts in images):
        raise DataError(
            f"The captions name {'/'.join(next(iter(found)))}, and no such image is there. Name the files as they are, "
            "relative to the file of captions."
        )
    return [_of(parts, found) for _, parts in images]


def _of(parts: tuple[str, ...], found: Mapping[tuple[str, ...], str]) -> str:
    """By the path, or by the file's name alone, as Flickr8k has it."""
    return found.get(parts) or found.get(parts[-1:]) or ""


def _warnings(images: tree.Files, found: Mapping[tuple[str, ...], str], several: int) -> list[str]:
    without = sum(not _of(parts, found) for _, parts in images)
    warnings = [f"{many(without, 'image', 'has')} no caption"] if without else []
    if not several:
        return warnings
    verb = "is" if several == 1 else "are"
    return [*warnings, f"{many(several, 'further caption')} of the same images {verb} not used"]


def _is_list(parts: tuple[str, ...]) -> bool:
    name = PurePosixPath(parts[-1])
    return name.stem.lower() in NAMES and name.suffix.lower() in (".txt", ".csv", ".tsv", ".jsonl")


def _rows(source: tree.Source) -> list[tuple[str, str]]:
    """(file, caption) of each line. Errors: DataError, which names the line."""
    text, name = tree.text(source), str(source).lower()
    rows = []
    try:
        if ".jsonl" in name:
            for number, line in enumerate(filter(str.strip, text.splitlines()), 1):
                row = json.loads(line)
                rows.append((str(_field(row, _FILE, source, number)), str(_field(row, _TEXT, source, number))))
            return rows
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{source} is not JSON in line {number} ({error}). Write an object in each line.") from None
    lines = text.splitlines()
    mark = "\t" if lines and "\t" in lines[0] else ","
    if ".txt" in name and mark == ",":
        table = [line.split(",", 1) for line in lines if line.strip()]
    else:
        table = [row for row in csv.reader(lines, delimiter=mark) if row]
    head = [cell.strip().lower() for cell in table[0]] if table else []
    at = [next((head.index(key) for key in keys if key in head), None) for keys in (_FILE, _TEXT)]
    first, second = at if None not in at else (0, 1)
    for number, row in enumerate(table[1:] if None not in at else table, 2 if None not in at else 1):
        if len(row) <= max(first or 0, second or 0):
            raise DataError(f"Line {number} of {source} has no caption: {mark.join(row)!r}. Write FILE{mark}CAPTION.")
        rows.append((row[first or 0].strip(), row[second or 0].strip()))
    return rows


def _field(row: Mapping[str, object], keys: Sequence[str], source: tree.Source, number: int) -> object:
    for key in keys:
        if key in row:
            return row[key]
    raise DataError(f"Line {number} of {source} has none of {', '.join(keys)}; its keys are {', '.join(row)}. Add one.")
