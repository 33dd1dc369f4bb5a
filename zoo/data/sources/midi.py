"""MIDI files as piano rolls."""

from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core import features
from zoo.data.dataset import Data, needed
from zoo.data.errors import DataError
from zoo.data.form import Format
from zoo.data.kinds import fitted
from zoo.data.sources import placed, tree

SUFFIXES = (".mid", ".midi")
RATE, PITCHES, DRUMS = 8.0, 128, 9
"""Steps a second unless `rate` says otherwise; MIDI's pitches; the channel of drums, counted from 0."""


def load(root: Path, form: Format, files: tree.Files, others: tree.Files) -> Data:
    """Piano rolls: series (T, 128) of how hard each pitch sounds, 0 to 1, at `form.rate` steps a second.

    All instruments but drums are one. T is the longest piece's length unless `form.size` says it. Folders are splits
    and classes. Errors: DataError, which names the files.
    """
    needed("mido", "MIDI files")
    return placed.load(str(root), files, others, form, _header, _described)


def _described(headers: Sequence[tuple[str, Any]], form: Format) -> placed.Reading:
    length = form.length or max(length for _, length in headers)
    feature = features.series(length, PITCHES, 0.0, 1.0, form.rate or RATE)
    return placed.Reading(feature, partial(_read, length=length, rate=form.rate or RATE), [])


def _header(source: tree.Source, form: Format) -> int:
    return len(roll(source, form.rate or RATE))


def _read(source: tree.Source, length: int, rate: float) -> np.ndarray:
    return 2 * fitted(roll(source, rate), length) - 1


def roll(source: tree.Source, rate: float) -> np.ndarray:
    """How hard each pitch sounds in each step, float32 (T, 128) in [0, 1]; a note sounds in the step it begins in."""
    import mido

    found = tree.content(source)
    try:
        file = mido.MidiFile(file=BytesIO(found.read_bytes() if isinstance(found, Path) else found))
        notes, length = _notes(file), file.length
    except (OSError, EOFError, ValueError, IndexError, KeyError, TypeError) as error:
        raise DataError(f"{source} cannot be read as MIDI ({error}). Replace it or remove it.") from None
    steps = max([round(length * rate), 1, *(int(start * rate) + 1 for start, *_ in notes)])
    out = np.zeros((steps, PITCHES), np.float32)
    for start, end, pitch, velocity in notes:
        first = int(start * rate)
        last = max(first + 1, round(end * rate))
        out[first:last, pitch] = np.maximum(out[first:last, pitch], velocity / 127)
    return out


def _notes(file: Any) -> list[tuple[float, float, int, int]]:
    """(start, end, pitch, velocity) of every note, in seconds."""
    now, notes = 0.0, []
    sounding: dict[tuple[int, int], tuple[float, int]] = {}
    for message in file:
        now += message.time
        if message.type not in ("note_on", "note_off") or message.channel == DRUMS:
            continue
        key = message.channel, message.note
        if key in sounding:
            start, velocity = sounding.pop(key)
            notes.append((start, now, message.note, velocity))
        if message.type == "note_on" and message.velocity:
            sounding[key] = now, message.velocity
    return notes + [(start, now, pitch, velocity) for (_, pitch), (start, velocity) in sounding.items()]
