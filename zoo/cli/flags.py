"""The flags of a command: how they are declared, shown and parsed. Parsing is absl's; the messages are ours."""

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

from absl import flags as absl

from zoo.core.errors import UserError

WIDTH = 100
"""Columns of every help text and table."""

_INDENT = 25
"""The column in which the texts of flags begin."""

PAIR = "two values"
"""The kind of a flag that takes two strings, as two words or with a comma between them."""

_KINDS: Mapping[Any, tuple[str, str]] = {
    str: ("TEXT", "text"),
    int: ("N", "a whole number"),
    float: ("X", "a number"),
    bool: ("", "true or false"),
    list: ("A,B", "values separated by commas"),
    PAIR: ("A B", "two values"),
}
"""How a kind is written in a help line, and in words."""


class Flag(NamedTuple):
    """`kind` is str, int, float, bool, list (of strings, by commas), PAIR, or a tuple of choices."""

    name: str
    kind: Any
    default: Any
    help: str

    @property
    def word(self) -> str:
        """The flag as it is typed: --batch-size."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def wanted(self) -> str:
        """The kind in words."""
        return f"one of {', '.join(self.kind)}" if isinstance(self.kind, tuple) else _KINDS[self.kind][1]

    def define(self, values: absl.FlagValues) -> None:
        """Adds the flag to absl's values."""
        makers: dict[Any, Callable[..., Any]] = {
            str: absl.DEFINE_string,
            int: absl.DEFINE_integer,
            float: absl.DEFINE_float,
            bool: absl.DEFINE_boolean,
            list: absl.DEFINE_list,
            PAIR: absl.DEFINE_list,
        }
        if isinstance(self.kind, tuple):
            absl.DEFINE_enum(self.name, self.default, list(self.kind), self.help, flag_values=values)
        else:
            makers[self.kind](self.name, self.default, self.help, flag_values=values)

    def usage(self) -> str:
        """The flag's lines in --help."""
        choices = isinstance(self.kind, tuple)
        notes = [self.wanted] if choices else []
        notes += [] if self.default in (None, []) or self.default is False else [f"default: {self.default}"]
        left = f"  {self.word} {'' if choices else _KINDS[self.kind][0]}".rstrip()
        text = self.help + (f" ({'; '.join(notes)})" if notes else "")
        lines = textwrap.wrap(text, WIDTH - _INDENT, break_on_hyphens=False)
        first = left.ljust(_INDENT) + lines.pop(0) if len(left) < _INDENT - 1 else left
        return "\n".join([first, *(" " * _INDENT + line for line in lines)])


@dataclass(frozen=True)
class Values:
    """The flags of a command line, which nobody changes: `values.count`, or `values["count"]`.

    Attributes:
      given: the flags that were typed, each as one word, --count=3.
    """

    by_name: Mapping[str, Any]
    given: Sequence[str]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.by_name[name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, name: str) -> Any:
        return self.by_name[name]


def parse(flags: Sequence[Flag], arguments: Iterable[str]) -> tuple[Values, list[str]]:
    """The flags' values, and the other words; those after `--` are not flags.

    Errors: UserError for an unknown flag, with the nearest, and for a value of the wrong kind.
    """
    known = absl.FlagValues()  # type: ignore[no-untyped-call]
    known.set_gnu_getopt(True)
    for flag in flags:
        flag.define(known)
    try:
        words = known(["zoo", *_joined(flags, map(_underscored, arguments))])[1:]
    except absl.UnrecognizedFlagError as error:
        raise UserError(_unknown(error.flagname, flags)) from None
    except absl.IllegalFlagValueError as error:
        raise UserError(_wrong(str(error), flags)) from None
    except absl.Error as error:
        raise UserError(re.sub(r"--(\w+)", lambda m: _word(m[1]), str(error))) from None
    given = [known[name].serialize() for name in known if known[name].present]
    return Values({flag.name: known[flag.name].value for flag in flags}, [_dashed(word) for word in given]), words


def _joined(flags: Sequence[Flag], arguments: Iterable[str]) -> list[str]:
    """The two words after a flag of the kind PAIR as one, since absl's flags take one."""
    pairs = {f"--{flag.name}" for flag in flags if flag.kind == PAIR}
    words: list[str] = []
    for word in arguments:
        if words[-2:-1] and words[-2] in pairs and "," not in words[-1] and not word.startswith("-"):
            words[-1] += f",{word}"
        else:
            words.append(word)
    return words


def _underscored(argument: str) -> str:
    """--batch-size as absl knows it."""
    name, equals, value = argument.partition("=")
    return name.replace("-", "_").replace("__", "--", 1) + equals + value if name.startswith("--") else argument


def _dashed(argument: str) -> str:
    """--batch_size=3 as people write it."""
    name, equals, value = argument.partition("=")
    return name.replace("_", "-") + equals + value


def _word(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _unknown(name: str, flags: Sequence[Flag]) -> str:
    typed, known = _word(name), [flag.word for flag in flags]
    near = get_close_matches(typed, known, n=1)
    return f"There is no flag {typed}. " + (f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}.")


def _wrong(message: str, flags: Sequence[Flag]) -> str:
    """absl's `flag --name=value: reason`, in the project's words."""
    found = re.match(r"flag --(\w+)=(.*?): ", message, re.DOTALL)
    flag = next((flag for flag in flags if found and flag.name == found[1]), None)
    return f"{flag.word} takes {flag.wanted}; received {found[2]!r}." if found and flag else message
