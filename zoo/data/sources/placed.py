"""Files of one kind, each an example: what sources of images, sounds and MIDI have in common."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zoo.core.features import Feature
from zoo.data import labels
from zoo.data.dataset import Data, Notes, chosen, spec_of, told, without_examples
from zoo.data.errors import DataError, many
from zoo.data.form import Format
from zoo.data.parallel import each
from zoo.data.sources import layout, tree
from zoo.data.splits import Disk, held_out


@dataclass(frozen=True)
class Reading:
    """How files are read, once all their headers are known.

    Attributes:
      feature: what each becomes.
      read: source -> values as a Disk stores them. Errors: DataError, which names the source.
      warnings: what may not be as it was meant.
      dtype: of what `read` gives.
      judge: (lowest, highest) value of all files -> a warning, or nothing.
    """

    feature: Feature
    read: Callable[[tree.Source], np.ndarray]
    warnings: Sequence[str] = ()
    dtype: str = "float32"
    judge: Callable[[float, float], str] = field(default=lambda low, high: "")


Header = Callable[[tree.Source, Format], Any]
Described = Callable[[Sequence[tuple[str, Any]], Format], Reading]


def load(
    name: str,
    files: tree.Files,
    others: tree.Files,
    form: Format,
    header: Header,
    described: Described,
    *,
    texts: Sequence[str] | None = None,
    arranged: layout.Layout | None = None,
) -> Data:
    """Every file an example; folders are splits and classes, unless they are `arranged` already.

    All files are read once now, so that broken ones are named at once; up to 1 GiB of them are kept.

    Args:
      others: files that are left out.
      header: what has to be known of each file before any can be read.
      described: how files with these (name, header) are read.
      texts: a caption for each file.

    Errors: DataError, which names the files.
    """
    placed = arranged or layout.arranged([parts[:-1] for _, parts in files])
    sources = [source for source, _ in files]
    headers, errors = each(lambda source: header(source, form), sources, "headers")
    broken = {i: error for i, error in enumerate(errors) if error and placed.used[i]}
    usable = placed.used & np.array([error is None for error in errors])
    if broken and not form.skip_broken:
        # Files whose first bytes are whole may break further on: all of them are named.
        tree.refuse(
            [*broken.values(), *_deeper(chosen(sources, usable), chosen(headers, usable), form, described)], len(files)
        )
    made, reading = _data(name, files, usable, placed, texts, form, headers, described)
    ahead = [split.read_ahead() for split in (made.train, made.test) if isinstance(split, Disk)]
    late = {str(source): error for found in ahead for source, error in found.broken}
    if late and not form.skip_broken:
        tree.refuse(list(late.values()), len(files))
    if late:
        usable &= np.array([str(source) not in late for source in sources])
        made, reading = _data(name, files, usable, placed, texts, form, headers, described)
    low, high = min(found.low for found in ahead), max(found.high for found in ahead)
    skipped = int((placed.used & ~usable).sum())
    left_out = [many(skipped, "broken file")] if skipped else []
    left_out += [*placed.left_out, *tree.others([parts for _, parts in others])]
    label = _labels(made)
    warnings = (
        *placed.warnings,
        *reading.warnings,
        *told(reading.judge(low, high)),
        *without_examples(made.spec, label),
    )
    return dataclasses.replace(made, notes=Notes(_own(reading, low, high), tuple(left_out), warnings))


def _deeper(
    sources: Sequence[tree.Source], headers: Sequence[Any], form: Format, described: Described
) -> list[DataError]:
    if not sources:
        return []
    try:
        read = described([(str(s), h) for s, h in zip(sources, headers, strict=True)], form).read
    except DataError:
        return []
    return [error for error in each(read, sources, "reading")[1] if error]


def _data(
    name: str, files: tree.Files, usable: np.ndarray, placed: layout.Layout, texts: Sequence[str] | None,
    form: Format, headers: Sequence[Any], described: Described,
) -> tuple[Data, Reading]:  # fmt: skip
    kept, count = chosen(list(files), usable), int(usable.sum())
    if not count:
        raise DataError(f"{name} has no file that can be read. Give some that can.")
    reading = described([(str(s), h) for (s, _), h in zip(kept, chosen(headers, usable), strict=True)], form)
    others: dict[str, np.ndarray] = {}
    beside: dict[str, Feature] = {}
    if placed.labels is not None:
        names = placed.names
        others["label"], beside["label"] = labels.classes(placed.labels[usable], count, name, names)
    test = held_out(others.get("label"), count) if placed.test is None else placed.test[usable]
    if texts is not None:
        others["caption"], beside["caption"] = labels.tokens(chosen(texts, usable), ~test)
    shape = tuple(side or 0 for side in reading.feature.shape)
    train, held = (
        Disk(
            [source for source, _ in chosen(kept, rows)], reading.read, reading.feature.kind, shape, reading.dtype,
            others={key: x[rows] for key, x in others.items()}, marks=[tree.mark(*file) for file in chosen(kept, rows)],
        )
        for rows in (~test, test)
    )  # fmt: skip
    return Data(name, spec_of(reading.feature, beside), train, held), reading


def _labels(made: Data) -> np.ndarray | None:
    known = [x for x in (made.train.labels(), made.test.labels()) if x is not None]
    return np.concatenate(known) if known else None


def _own(reading: Reading, low: float, high: float) -> tuple[float, float]:
    """Values in [-1, 1] in the feature's own units; pixels as bytes."""
    feature = reading.feature
    if reading.dtype == "uint8" or feature.low is None or feature.high is None:
        return low, high
    half = (feature.high - feature.low) / 2
    return feature.low + half * (low + 1), feature.low + half * (high + 1)
