"""Flags that several commands have, and how the text of their values is read."""

import dataclasses
from collections.abc import Callable
from typing import Any

from zoo.cli.flags import Flag
from zoo.core.config import KINDS, ReadConfig
from zoo.core.errors import UserError

DATA = (
    Flag("data", str, None, "a name of `zoo list --data`, a folder, or a file that it lists; default: the model's"),
    Flag("size", str, None, "resize images to N or HxW pixels"),
    Flag("channels", int, None, "1 for grey or mono, 3 for colour, 4 for colour with alpha; default: the data's"),
    Flag("kind", KINDS, None, "what the examples are, where the data leaves a doubt"),
    Flag("range", str, None, "LOW,HIGH: the values that are black and white, as in 0,4095; others are cut off"),
    Flag("background", str, None, "colour under transparent pixels, a name or #rrggbb; default: white"),
    Flag("skip_broken", bool, False, "leave out files that cannot be read, instead of refusing them"),
)
"""Which data, in which form, and how it is read."""


LABELS = Flag("labels", str, None, "classes in turn, for a model conditioned on one: 3, or 0,1,2, or 0:10")

RECIPES = Flag("recipes", list, None, "Python files of your own that register models with @recipe")


def sides(text: str | None) -> tuple[int, int] | None:
    """--size as (height, width). Errors: UserError."""
    if text is None:
        return None
    try:
        found = [int(side) for side in text.lower().split("x")]
        height, width = found * 2 if len(found) == 1 else found
    except ValueError:
        raise UserError(f"--size is N or HxW, as in 32 or 28x32; received {text!r}.") from None
    return height, width


def read(values: Any) -> ReadConfig:
    """The flags of DATA that say how data is read. Errors: UserError."""
    return ReadConfig(values.kind, bounds("range", values.range), values.background, values.skip_broken)


def loading(values: Any) -> dict[str, Any]:
    """Those keyword arguments of `zoo.data.load` that the flags of DATA give. Errors: UserError."""
    options = {"size": sides(values.size), "channels": values.channels, **dataclasses.asdict(read(values))}
    return {name: value for name, value in options.items() if value not in (None, False)}


def bounds(flag: str, text: str | None) -> tuple[float, float] | None:
    """The two numbers of LOW,HIGH; None where the flag was not given. Errors: UserError."""
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"--{flag} is LOW,HIGH, as in 0,255; received {text!r}.") from None
    return low, high


def numbers(flag: str, text: str | None) -> list[int]:
    """The numbers of a flag: 3, or 0,1,2, or 0:10; none where it was not given. Errors: UserError."""
    if text is None:
        return []
    if ":" in text:
        return list(range(*span(flag, text)))
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"--{flag} is 3, or 0,1,2, or 0:10; received {text!r}.") from None


def span(flag: str, text: str) -> tuple[int, int]:
    """The two numbers of START:STOP. Errors: UserError."""
    try:
        start, stop = (int(part) for part in text.split(":"))
    except ValueError:
        raise UserError(f"--{flag} is START:STOP, as in 0:1000; received {text!r}.") from None
    if stop <= start:
        raise UserError(f"--{flag} is START:STOP with STOP above START; received {text!r}.")
    return start, stop


def pair(flag: str, text: str) -> tuple[str, str]:
    """The name and the value of name=value. Errors: UserError."""
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise UserError(f"--{flag} is written name=value,name=value; received {text!r}.")
    return key, value


def by_player(flag: str, pairs: list[str] | None, kind: Callable[[str], Any]) -> dict[str, Any] | None:
    """The numbers of player=number,player=number; None where the flag was not given. Errors: UserError."""
    if pairs is None:
        return None
    try:
        return {player: kind(value) for player, value in (text.split("=") for text in pairs)}
    except ValueError:
        word = flag.replace("_", "-")
        raise UserError(f"--{word} is written player=number,player=number; received {','.join(pairs)!r}.") from None
