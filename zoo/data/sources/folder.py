"""Images in a folder or a zip archive."""

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from serving.protocol import images as pictures
from zoo.core.features import image
from zoo.data.dataset import Data, chosen
from zoo.data.errors import many
from zoo.data.form import Format, Shape
from zoo.data.images import conform, dark
from zoo.data.sources import captions, domains, layout, placed, tree


def load(root: Path, form: Format, files: tree.Files, others: tree.Files) -> Data:
    """The images `files` of a folder or archive `root`, and what lies beside them.

    Folders are splits, classes or domains (zoo.data.sources.layout), and a file of captions is a feature `caption`.
    Errors: DataError, which names the files.
    """
    two = layout.domains([parts[:-1] for _, parts in files])
    if two is None:
        texts, warnings, rest = captions.find(files, others)
        arranged = layout.arranged([parts[:-1] for _, parts in files])
        arranged.warnings += warnings
        return placed.load(str(root), files, rest, form, _header, _described, texts=texts, arranged=arranged)
    sides, test = two
    made: list[Data] = []
    for side in "ab":
        mine = np.array([s == side for s in sides])
        arranged = layout.Layout(np.ones(int(mine.sum()), bool), test[mine] if test[mine].any() else None)
        name = f"{root} ({side.upper()})"
        made.append(placed.load(name, chosen(files, mine), (), form, _header, _described, arranged=arranged))
        height, width, channels = made[0].spec.shape
        form = dataclasses.replace(form, size=(height, width), channels=channels)
    return domains.combined(str(root), *made)


def _described(headers: Sequence[tuple[str, Any]], form: Format) -> placed.Reading:
    shape = form.shape((name, header.shape) for name, header in headers)
    animated, clear = sum(header.frames > 1 for _, header in headers), sum(header.alpha for _, header in headers)
    warnings = [f"of {many(animated, 'animated file')} the first frame is used"] if animated else []
    if clear and shape[2] != 4:
        how = "another --background, or --channels=4 to keep them"
        warnings.append(f"{many(clear, 'image', 'has')} transparent pixels, laid on {form.background} ({how})")
    white = max(header.white for _, header in headers)
    judge = partial(_judge, white=white, form=form)
    return placed.Reading(image(*shape), partial(_read, shape=shape, form=form), warnings, "uint8", judge)


def _judge(low: float, high: float, white: int, form: Format) -> str:
    # A pixel of 8 bits may stand for any of 257 values of 16.
    return "" if form.span else dark(high if white == 255 else max(0.0, (high - 0.5) * 257), white)


def _header(source: tree.Source, form: Format) -> pictures.Header:
    return form.header(tree.content(source), str(source))


def _read(source: tree.Source, shape: Shape, form: Format) -> np.ndarray:
    return conform(form.decode(tree.content(source), str(source), 4 if shape[2] == 4 else None), shape)
