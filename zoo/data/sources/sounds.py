"""Sounds in a folder or a zip archive: WAV, FLAC and OGG."""

from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.core import features
from zoo.data.dataset import Data, needed
from zoo.data.errors import DataError, many
from zoo.data.form import Format
from zoo.data.images import spanned
from zoo.data.kinds import fitted
from zoo.data.sources import placed, tree

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".mp3")


class _Header(NamedTuple):
    length: int
    channels: int
    rate: int


def load(root: Path, form: Format, files: tree.Files, others: tree.Files) -> Data:
    """Sounds of one sampling rate, float32 (T, C) in [-1, 1]; folders are splits and classes.

    T is the longest's length unless `form.size` says it: shorter ones are filled up with silence, longer ones cut.
    Errors: DataError, which names the files.
    """
    needed("soundfile", "sounds")
    return placed.load(str(root), files, others, form, _header, _described)


def _described(headers: Sequence[tuple[str, Any]], form: Format) -> placed.Reading:
    rates = {header.rate: name for name, header in headers}
    if len(rates) > 1:
        (one, a), (two, b), *_ = rates.items()
        raise DataError(f"{a} has {one} samples a second and {b} has {two}. Resample them to one rate.")
    counts = {header.channels: name for name, header in headers}
    if len(counts) > 1 and form.channels is None:
        (one, a), (two, b), *_ = counts.items()
        raise DataError(f"{a} has {one} channels and {b} has {two}. Give channels=1 for all.")
    lengths = [header.length for _, header in headers]
    length = form.length or max(lengths)
    feature = features.audio(length, form.channels or max(counts), float(max(rates)))
    warnings = []
    short, long = sum(n < length for n in lengths), sum(n > length for n in lengths)
    if short:
        verb = "is" if short == 1 else "are"
        warnings.append(f"{many(short, 'sound', 'is')} shorter than {length} samples and {verb} filled up with silence")
    if long:
        warnings.append(
            f"{many(long, 'sound', 'is')} longer than {length} samples and {'is' if long == 1 else 'are'} cut"
        )
    return placed.Reading(feature, partial(_read, shape=(length, form.channels or max(counts)), form=form), warnings)


def _opened(source: tree.Source) -> Any:
    found = tree.content(source)
    return str(found) if isinstance(found, Path) else BytesIO(found)


def _header(source: tree.Source, form: Format) -> _Header:
    import soundfile

    try:
        info = soundfile.info(_opened(source))
    except (soundfile.SoundFileError, OSError) as error:
        raise _undecodable(source, error) from None
    return _Header(info.frames, info.channels, info.samplerate)


def _read(source: tree.Source, shape: tuple[int, int], form: Format) -> np.ndarray:
    import soundfile

    try:
        x, _ = soundfile.read(_opened(source), dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise _undecodable(source, error) from None
    if form.span:
        x = spanned(x, form.span)
    if x.shape[1] != shape[1]:
        x = np.repeat(x.mean(axis=1, keepdims=True), shape[1], axis=1)
    return fitted(np.clip(x, -1, 1), shape[0])


def _undecodable(source: tree.Source, error: Exception) -> DataError:
    return DataError(f"{source} cannot be read as a sound ({error}). Replace it or remove it.")
