"""What a user says about data: what it is, and what it is to become. From flags, from Python, and from a small file.

A file `NAME.features.json` beside a file NAME.npz, NAME.csv and so on, or `features.json` in a folder, says what cannot
be seen in the data itself; a flag or argument goes before it. docs/data.md lists its keys.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.protocol import images as pictures
from zoo.core.columns import TYPES
from zoo.core.config import KINDS
from zoo.data.errors import DataError

OTHERS = ("vector", "tokens", "label")
"""What an array beside the examples can be."""

Shape = tuple[int, int, int]
"""(height, width, channels)."""


@dataclass(frozen=True)
class Format:
    """How data is read; None and empty for what the data itself says. Make it with `of`, which checks.

    Attributes:
      size: (height, width) to which images are resized; of sounds and series, their length is the width.
      channels: 1 for grey or mono, 3 for colour, 4 for colour with alpha.
      kind: one of KINDS: what the examples are.
      span: the values that are black and white, or -1 and 1 of sounds and series; what is beyond them is cut off.
      background: the colour that transparent pixels are laid on.
      skip_broken: leave out files that cannot be read, instead of refusing them all.
      rate: samples or frames a second.
      names: of the classes, in the order of their numbers.
      columns: types of a table's columns by name; an empty type is found from the values.
      label: the column of a table that is the label.
      features: kinds of other arrays or columns by name, each one of OTHERS.
      omit: names of arrays or columns that are left out.
    """

    size: tuple[int, int] | None = None
    channels: int | None = None
    kind: str | None = None
    span: tuple[float, float] | None = None
    background: str = pictures.BACKGROUND
    skip_broken: bool = False
    rate: float | None = None
    names: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    label: str | None = None
    features: Mapping[str, str] = field(default_factory=dict)
    omit: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in (None, *KINDS):
            raise DataError(f"--kind is one of {', '.join(KINDS)}; received {self.kind!r}.")
        if self.channels not in (None, 1, 3, 4):
            raise DataError(f"channels is 1 (grey), 3 (colour) or 4 (colour with alpha); received {self.channels!r}.")
        if self.span is not None and not self.span[0] < self.span[1]:
            raise DataError(f"--range is LOW,HIGH with LOW below HIGH, as in 0,255; received {self.span}.")
        for name, type_ in self.columns.items():
            if type_ not in ("", *TYPES):
                raise DataError(f"A column's type is one of {', '.join(TYPES)}; {name!r} has {type_!r}.")
        for name, kind in self.features.items():
            if kind not in OTHERS:
                raise DataError(f"An array beside the examples is one of {', '.join(OTHERS)}; {name!r} is {kind!r}.")
        try:
            pictures.colour(self.background)
        except ValueError as error:
            raise DataError(f"{error} It is --background.") from None

    @classmethod
    def of(
        cls,
        size: int | tuple[int, int] | None,
        channels: int | None,
        kind: str | None = None,
        span: Iterable[float] | None = None,
        background: str | None = None,
        skip_broken: bool = False,
    ) -> "Format":
        """Errors: DataError unless each is what the attributes say; size may be one number too."""
        pair = (size, size) if isinstance(size, int) else size
        if pair is not None and (len(pair) != 2 or not all(isinstance(n, int) and n > 0 for n in pair)):
            raise DataError(f"size is a number of pixels or (height, width); received {size!r}. Example: 32.")
        return cls(
            None if pair is None else (pair[0], pair[1]),
            channels,
            kind,
            None if span is None else _span(span),
            background or pictures.BACKGROUND,
            skip_broken,
        )

    def beside(self, path: Path) -> "Format":
        """This format, completed by the file beside or in `path`, where there is one. Errors: DataError."""
        file = path / "features.json" if path.is_dir() else path.with_name(f"{path.stem}.features.json")
        if not file.is_file():
            return self
        try:
            said = _parsed(json.loads(file.read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise DataError(f"{file} is no description of data ({error}). docs/data.md shows one.") from None
        default = Format()
        own = {f.name for f in dataclasses.fields(self) if getattr(self, f.name) != getattr(default, f.name)}
        return dataclasses.replace(self, **{key: value for key, value in said.items() if key not in own})

    @property
    def length(self) -> int | None:
        """Of sounds and series."""
        return self.size[1] if self.size else None

    def shape(self, headers: Iterable[tuple[str, Shape]]) -> Shape:
        """The one shape that images with these (name, shape) become.

        Errors: DataError where they differ in something that this format leaves open; it names two of them.
        """
        first: tuple[str, Shape] | None = None
        for what, (height, width, channels) in headers:
            first = first or (what, (height, width, channels))
            if self.size is None and first[1][:2] != (height, width):
                was = f"{first[1][0]}x{first[1][1]}"
                raise DataError(
                    f"The images have different sizes: {first[0]} is {was} and {what} is {height}x{width} "
                    f"(height x width). Give one size for all, as in size={min(height, width)}."
                )
            if self.channels is None and first[1][2] != channels:
                grey, colour = (first[0], what) if channels == 3 else (what, first[0])
                raise DataError(f"{grey} is grey and {colour} is colour. Give channels=1 or channels=3 for all.")
        if first is None:
            raise DataError("There are no images.")
        return (*(self.size or first[1][:2]), self.channels or first[1][2])

    def only(self, kind: str, what: str) -> None:
        """Errors: DataError where another kind than the one that this data has is asked for."""
        if self.kind not in (None, kind):
            raise DataError(f"{what} has examples of the kind {kind}; received --kind={self.kind}. Omit it.")

    def decode(self, source: Path | bytes, what: str, channels: int | None = None) -> NDArray[np.uint8]:
        """An encoded image as uint8 (H, W, C), with so many channels or its own. Errors: DataError."""
        try:
            return pictures.decode(source, what, channels=channels, background=self.background, span=self.span)
        except pictures.ImageError as error:
            raise DataError(str(error)) from None

    def header(self, source: Path | bytes, what: str) -> pictures.Header:
        """What is known of an encoded image before it is decoded. Errors: DataError."""
        try:
            return pictures.header(source, what, self.span)
        except pictures.ImageError as error:
            raise DataError(str(error)) from None


def _span(values: Iterable[float]) -> tuple[float, float]:
    try:
        low, high = (float(value) for value in values)
    except (TypeError, ValueError):
        raise DataError(f"--range is LOW,HIGH, as in 0,255; received {values!r}.") from None
    return low, high


_KEYS = ("kind", "rate", "range", "background", "length", "names", "columns", "label", "features", "omit")


def _parsed(said: Any) -> dict[str, Any]:
    """What the file says, as fields of Format. Errors: ValueError, TypeError."""
    if not isinstance(said, dict) or set(said) - set(_KEYS):
        unknown = ", ".join(sorted(set(said) - set(_KEYS))) if isinstance(said, dict) else type(said).__name__
        raise ValueError(f"its keys are {', '.join(_KEYS)}; received {unknown}")
    found = {key: said[key] for key in ("kind", "background", "label") if key in said}
    if "rate" in said:
        found["rate"] = float(said["rate"])
    if "range" in said:
        found["span"] = _span(said["range"])
    if "length" in said:
        found["size"] = (1, int(said["length"]))
    for key in ("names", "omit"):
        if key in said:
            found[key] = tuple(str(name) for name in said[key])
    if "columns" in said:
        columns = said["columns"]
        found["columns"] = dict(columns) if isinstance(columns, dict) else dict.fromkeys(map(str, columns), "")
    if "features" in said:
        found["features"] = dict(said["features"])
    return found
