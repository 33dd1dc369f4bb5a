"""A command line of flags, parsed by absl."""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, final

from absl import flags as absl

from serving.protocol.errors import OptionError


def switch(value: Any) -> bool:
    """true, 1, false or 0 -> a boolean. Errors: ValueError."""
    known = {"true": True, "1": True, "false": False, "0": False}
    if str(value).lower() not in known:
        raise ValueError(f"expected true or false, not {value!r}")
    return known[str(value).lower()]


def anything(value: Any) -> str:
    """The text itself."""
    return str(value)


class Flag(NamedTuple):
    """A flag. `convert` makes its value of a text, or raises a ValueError that says what would be right."""

    name: str
    convert: Callable[[Any], Any]
    default: Any
    help: str = ""

    @property
    def stands_alone(self) -> bool:
        """Whether the flag without a value means true."""
        return self.convert in (switch, anything)

    def define(self, values: absl.FlagValues) -> None:
        """Adds the flag to absl's values."""
        flag: Any = absl.Flag(
            _Parser(self.convert), None, self.name, self.default, self.help, boolean=self.stands_alone
        )
        absl.DEFINE_flag(flag, values)

    def usage(self) -> str:
        """The flag's line in --help."""
        default = "" if self.default in (None, "") else f" (default: {str(self.default).lower()})"
        return f"  --{self.name}: {self.help}{default}"


_EXPECTED: Mapping[Callable[[Any], Any], str] = {int: "a whole number", float: "a number"}


@final
class _Parser(absl.ArgumentParser[Any]):
    def __init__(self, convert: Callable[[Any], Any]) -> None:
        self._convert = convert

    def parse(self, argument: Any) -> Any:
        try:
            return self._convert(argument)
        except ValueError:
            if self._convert not in _EXPECTED:
                raise
            raise ValueError(f"expected {_EXPECTED[self._convert]}, not {argument!r}") from None


def parse(program: str, flags: Iterable[Flag], arguments: Sequence[str], aliases: Mapping[str, str]) -> Any:
    """The flags' values by name. Errors: OptionError, with the nearest flag for an unknown one.

    Args:
      aliases: other names of flags.
    """
    values, flags = absl.FlagValues(), list(flags)  # type: ignore[no-untyped-call]
    values.set_gnu_getopt(True)
    for flag in flags:
        flag.define(values)
    for alias, name in aliases.items():
        absl.DEFINE_alias(alias, name, flag_values=values)
    alone = {f"--{flag.name}" for flag in flags if flag.stands_alone}
    try:
        _, *rest = values([program, *_joined(arguments, alone)])
    except absl.UnrecognizedFlagError as failure:
        raise _unknown(f"--{failure.flagname}", [f"--{name}" for name in values]) from None
    except absl.Error as failure:
        text = str(failure).removeprefix("flag ").rstrip(".")
        raise OptionError(f"{text}. --help lists the flags.") from None
    if rest:
        raise OptionError(f"{rest[0]!r} is not a flag. Flags are written --name=value or --name value.")
    return values


def _joined(arguments: Sequence[str], alone: set[str]) -> list[str]:
    """A flag that stands alone and the word after it as one, as in `--enable_batching false`: absl wants a `=`."""
    words: list[str] = []
    for word in arguments:
        if words and words[-1] in alone and not word.startswith("-"):
            words[-1] += f"={word}"
        else:
            words.append(word)
    return words


def _unknown(name: str, known: Sequence[str]) -> OptionError:
    near = difflib.get_close_matches(name, known, 1, 0.5)
    hint = f" Did you mean {near[0]}?" if near else " --help lists the flags."
    return OptionError(f"There is no flag {name}.{hint}")
