"""Texts: one in each line, or an object of JSON in each line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.data.dataset import Data, Examples, Notes, in_memory
from zoo.data.errors import DataError
from zoo.data.form import Format
from zoo.data.sources import tree

SUFFIXES = (".txt", ".jsonl")
_TEXT, _LABEL = ("text", "caption", "sentence"), ("label", "class")


def load(name: str, files: Sequence[Path], form: Format) -> Data:
    """The lines of .txt files that are not empty, or of .jsonl files, whose objects have a `text` or `caption` and, in
    all lines or none, a `label`. Errors: DataError, which names the file and the line.
    """
    form.only("tokens", name)
    texts: list[str] = []
    labels: list[Any] = []
    left_out: set[str] = set()
    for file in files:
        for number, line in enumerate(tree.text(file).splitlines(), 1):
            if line.strip() and file.suffix == ".txt":
                texts.append(line)
            elif line.strip():
                text, label, others = _row(line, f"Line {number} of {file}")
                texts.append(text)
                labels += label
                left_out |= others
    if len(labels) not in (0, len(texts)):
        raise DataError(f"Only {len(labels)} of the {len(texts)} lines of {name} have a label. Give all or none.")
    examples = Examples(np.array(texts, np.str_), np.array(labels) if labels else None)
    return in_memory(name, examples, form, notes=Notes(None, tuple(f"{key!r}" for key in sorted(left_out))))


def _row(line: str, where: str) -> tuple[str, list[Any], set[str]]:
    try:
        row = json.loads(line)
        text = next((row[key] for key in _TEXT if key in row), None)
    except (ValueError, TypeError) as error:
        raise DataError(f"{where} is not an object of JSON ({error}). Write it again.") from None
    if not isinstance(row, dict) or not isinstance(text, str):
        raise DataError(f"{where} has no text under {' or '.join(_TEXT)}. Add it.")
    label = [row[key] for key in _LABEL if key in row][:1]
    return text, label, set(row) - {*_TEXT, *_LABEL}
