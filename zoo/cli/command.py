"""What a command of `zoo` is: its flags, its help, and how its line is read. Parsing itself is absl's."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from absl import flags as absl

from serving.protocol import tf_import
from zoo.core.errors import UserError

COMMANDS: dict[str, "Command"] = {}

SERVER = "127.0.0.1:8500"
"""Where a server is unless --server says otherwise: TF Serving's port, this machine."""


PAIR = "two values"
"""The kind of a flag that takes two strings, as two words or with a comma between them."""


class Flag(NamedTuple):
    """`kind` is str, int, float, bool, list (of strings, by commas), PAIR, or a tuple of choices."""

    name: str
    kind: Any
    default: Any
    help: str

    def define(self, values: absl.FlagValues) -> None:
        """Adds the flag to absl's values."""
        makers: dict[Any, Callable[..., Any]] = {
            str: absl.DEFINE_string,
            int: absl.DEFINE_integer,
            float: absl.DEFINE_float,
        }
        makers |= {bool: absl.DEFINE_boolean, list: absl.DEFINE_list, PAIR: absl.DEFINE_list}
        if isinstance(self.kind, tuple):
            absl.DEFINE_enum(self.name, self.default, list(self.kind), self.help, flag_values=values)
        else:
            makers[self.kind](self.name, self.default, self.help, flag_values=values)

    def usage(self) -> str:
        """The flag's line in --help."""
        choices = f"; {', '.join(self.kind)}" if isinstance(self.kind, tuple) else ""
        default = "" if self.default is None or self.default is False else f" (default: {self.default})"
        return f"--{self.name.replace('_', '-')}: {self.help}{choices}{default}"


@dataclass(frozen=True)
class Command:
    """One of zoo's commands.

    Attributes:
      arguments: what follows the name: words in brackets may be left out, a last one with ... repeats.
      example: a command line that works.
      run: takes the flags' values and the positional arguments.
      tensorflow: whether it needs it.
    """

    name: str
    summary: str
    arguments: str
    example: str
    flags: Sequence[Flag]
    run: Callable[[Any, list[str]], None]
    tensorflow: bool

    def usage(self) -> str:
        """What --help prints."""
        lines = [f"zoo {self.name} {self.arguments} [flags]".replace("  ", " "), "", self.summary, "", "flags:"]
        lines += [f"  {flag.usage()}" for flag in self.flags]
        return "\n".join([*lines, "", "example:", f"  {self.example}", ""])

    def __call__(self, arguments: Sequence[str]) -> None:
        """Reads the line and runs. Errors: UserError, and what the command meets."""
        values = self._values()
        try:
            positional = values([f"zoo {self.name}", *self._joined(map(_underscored, arguments))])[1:]
        except absl.Error as error:
            usage = f"Usage: zoo {self.name} {self.arguments} (see zoo {self.name} --help)"
            raise UserError(f"{_dashed(str(error))}\n{usage}") from None
        self._check(positional)
        if self.tensorflow:
            tf_import.import_tensorflow()
        self.run(values, positional)

    def _joined(self, arguments: Iterable[str]) -> list[str]:
        """The two words after a flag of the kind PAIR as one, for absl's flags take one."""
        pairs = {f"--{flag.name}" for flag in self.flags if flag.kind == PAIR}
        words: list[str] = []
        for word in arguments:
            if words[-2:-1] and words[-2] in pairs and "," not in words[-1] and not word.startswith("-"):
                words[-1] += f",{word}"
            else:
                words.append(word)
        return words

    def _values(self) -> absl.FlagValues:
        values = absl.FlagValues()
        values.set_gnu_getopt(True)
        for flag in self.flags:
            flag.define(values)
        return values

    def _check(self, positional: Sequence[str]) -> None:
        words = self.arguments.split()
        wanted = [word for word in words if word.isupper() and "[" not in word]
        if len(positional) < len(wanted):
            raise UserError(f"{wanted[len(positional)]} is missing. Example: {self.example}")
        if len(positional) > len(words) and "..." not in self.arguments:
            raise UserError(f"Too many arguments: {' '.join(positional[len(words) :])}.")


def command(
    name: str, summary: str, arguments: str = "", *, example: str, flags: Sequence[Flag] = (), tensorflow: bool = True
) -> Callable[[Callable[[Any, list[str]], None]], Command]:
    """Makes a function a command of that name."""

    def register(run: Callable[[Any, list[str]], None]) -> Command:
        COMMANDS[name] = Command(name, summary, arguments, example, flags, run, tensorflow)
        return COMMANDS[name]

    return register


def _underscored(argument: str) -> str:
    """--batch-size as absl knows it."""
    name, equals, value = argument.partition("=")
    return name.replace("-", "_").replace("__", "--", 1) + equals + value if name.startswith("--") else argument


def _dashed(message: str) -> str:
    """The flag that absl's message quotes, as people write it."""
    return " ".join(f"--{w.strip(chr(39))}".replace("_", "-") if w.startswith("'") else w for w in message.split(" "))
