"""Images in a folder or a zip archive."""

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from serving.protocol import images as pictures
from zoo.core.features import Feature, image
from zoo.data import labels
from zoo.data.dataset import Data, Notes, chosen, spec_of, told, without_examples
from zoo.data.errors import DataError
from zoo.data.form import Format, Shape
from zoo.data.images import conform, dark
from zoo.data.parallel import each
from zoo.data.sources import captions, domains, layout, tree
from zoo.data.splits import Disk, held_out

Files = Sequence[tuple[tree.Source, tuple[str, ...]]]


def load(root: Path, form: Format, files: Files, others: Files) -> Data:
    """The images `files` of a folder or archive `root`, and what lies beside them.

    Folders are splits, classes or domains (zoo.data.sources.layout), and a file of captions is a feature `caption`. All
    images are decoded once now, so that broken ones are named at once; up to 1 GiB of them are kept.
    Errors: DataError, which names the files.
    """
    two = layout.domains([parts[:-1] for _, parts in files])
    if two is None:
        texts, warnings, rest = captions.find(files, others)
        placed = layout.arranged([parts[:-1] for _, parts in files])
        placed.warnings += warnings
        placed.left_out += tree.others([parts for _, parts in rest])
        return _pictures(str(root), files, placed, texts, form)
    sides, test = two
    made = []
    for side in "ab":
        mine = np.array([s == side for s in sides])
        placed = layout.Layout(np.ones(int(mine.sum()), bool), test[mine] if test[mine].any() else None)
        made.append(_pictures(f"{root} ({side.upper()})", chosen(files, mine), placed, None, form))
        height, width, channels = made[0].spec.shape
        form = dataclasses.replace(form, size=(height, width), channels=channels)
    return domains.combined(str(root), *made)


def _pictures(name: str, files: Files, placed: layout.Layout, texts: Sequence[str] | None, form: Format) -> Data:
    headers, errors = each(partial(_header, form=form), [source for source, _ in files], "headers")
    errors = [error if used else None for error, used in zip(errors, placed.used, strict=True)]
    broken = [error for error in errors if error]
    if not form.skip_broken and broken:
        # Those whose first bytes are whole may break further on: name all of them.
        whole = chosen([source for source, _ in files], np.array([e is None for e in errors]) & placed.used)
        later = each(partial(_decode, form=form), whole, "decoding")[1]
        tree.refuse(broken + [error for error in later if error], len(files))
    usable = placed.used & np.array([error is None for error in errors])
    made = _data(name, files, usable, placed, texts, form, headers)
    ahead = [split.read_ahead() for split in (made.train, made.test) if isinstance(split, Disk)]
    late = {str(source): error for found in ahead for source, error in found.broken}
    if late and not form.skip_broken:
        tree.refuse(list(late.values()), len(files))
    if late:
        usable &= np.array([str(source) not in late for source, _ in files])
        made = _data(name, files, usable, placed, texts, form, headers)
    skipped = int((placed.used & ~usable).sum())
    ends = min(found.low for found in ahead), max(found.high for found in ahead)
    return dataclasses.replace(made, notes=_notes(made, ends, [h for h in headers if h], placed, skipped, form))


def _data(
    name: str, files: Files, usable: np.ndarray, placed: layout.Layout, texts: Sequence[str] | None, form: Format,
    headers: Sequence[pictures.Header | None],
) -> Data:  # fmt: skip
    sources, marks = [source for source, _ in files], [tree.mark(*file) for file in files]
    shape = form.shape((str(s), h.shape) for s, h, u in zip(sources, headers, usable, strict=True) if u and h)
    label = None if placed.labels is None else placed.labels[usable]
    test = held_out(label, int(usable.sum())) if placed.test is None else placed.test[usable]
    kept, marked = chosen(sources, usable), chosen(marks, usable)
    others: dict[str, np.ndarray] = {}
    features: dict[str, Feature] = {}
    if label is not None:
        others["label"], features["label"] = labels.classes(label, len(label), name, placed.names)
    if texts is not None:
        others["caption"], features["caption"] = labels.tokens(chosen(texts, usable), ~test)
    read = partial(_read, shape=shape, form=form)
    train, held = (
        Disk(
            chosen(kept, rows), read, "image", shape,
            others={key: x[rows] for key, x in others.items()}, marks=chosen(marked, rows),
        )
        for rows in (~test, test)
    )  # fmt: skip
    return Data(name, spec_of(image(*shape), features), train, held)


def _notes(
    made: Data, ends: tuple[float, float], headers: Sequence[pictures.Header], placed: layout.Layout, skipped: int,
    form: Format,
) -> Notes:  # fmt: skip
    white = max(header.white for header in headers)
    animated, clear = sum(h.frames > 1 for h in headers), sum(h.alpha for h in headers)
    warnings = list(placed.warnings)
    if animated:
        warnings.append(f"of {animated} animated files the first frame is used")
    if clear and form.channels != 4:
        warnings.append(
            f"{clear} images have transparent pixels, laid on {form.background} (--background, --channels=4)"
        )
    # A pixel of 8 bits may stand for any of 257 values of 16.
    top = ends[1] if white == 255 else max(0.0, (ends[1] - 0.5) * 257)
    warnings += told("" if form.span else dark(top, white))
    known = [x for x in (made.train.labels(), made.test.labels()) if x is not None]
    warnings += without_examples(made.spec, np.concatenate(known) if known else None)
    left_out = [f"{skipped} broken files", *placed.left_out] if skipped else placed.left_out
    return Notes(ends, tuple(left_out), tuple(warnings))


def _header(source: tree.Source, form: Format) -> pictures.Header:
    return form.header(tree.content(source), str(source))


def _decode(source: tree.Source, form: Format) -> np.ndarray:
    return form.decode(tree.content(source), str(source))


def _read(source: tree.Source, shape: Shape, form: Format) -> np.ndarray:
    return conform(form.decode(tree.content(source), str(source), 4 if shape[2] == 4 else None), shape)


def none(root: Path) -> DataError:
    """The error for a folder without data."""
    return DataError(f"{root} has no images ({', '.join(pictures.SUFFIXES)}). Give a folder that has some.")
