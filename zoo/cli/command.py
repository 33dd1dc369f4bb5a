"""What a command of `zoo` is, where it is found, and how a command line is run."""

import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from zoo.cli.commands import GROUPS, LISTED
from zoo.cli.flags import WIDTH, Flag, parse
from zoo.core.errors import UserError, unknown

_HELP = ("-h", "--help")


@dataclass(frozen=True)
class Command:
    """One of zoo's commands.

    Attributes:
      arguments: what follows the name: words in brackets may be left out, a last one with ... repeats.
      example: a command line that works.
      run: takes the flags' values and the positional arguments; its docstring is a part of the help.
      tensorflow: whether it needs TensorFlow.
    """

    name: str
    arguments: str
    example: str
    flags: Sequence[Flag]
    run: Callable[[Any, list[str]], None]
    tensorflow: bool

    @property
    def summary(self) -> str:
        """Its line in `zoo --help`."""
        return LISTED[self.name].summary

    def usage(self) -> str:
        """What --help prints."""
        lines = [f"zoo {self.name} {self.arguments} [flags]".replace("  ", " "), "", self.summary]
        for paragraph in (inspect.getdoc(self.run) or "").split("\n\n"):
            lines += textwrap.wrap(paragraph, WIDTH)
        lines += ["", "flags:", *(flag.usage() for flag in self.flags)]
        return "\n".join([*lines, "", "example:", f"  {self.example}"])

    def __call__(self, arguments: Sequence[str]) -> None:
        """Reads the line and runs. Errors: UserError, and those of the command."""
        try:
            values, positional = parse(self.flags, arguments)
        except UserError as error:
            usage = f"Usage: zoo {self.name} {self.arguments} (see zoo {self.name} --help)"
            raise UserError(f"{error}\n{usage}") from None
        self._check(positional)
        if self.tensorflow:
            from serving.protocol import tf_import

            tf_import.import_tensorflow()
        self.run(values, positional)

    def _check(self, positional: Sequence[str]) -> None:
        words = self.arguments.split()
        wanted = [word for word in words if word.isupper() and "[" not in word]
        if len(positional) < len(wanted):
            raise UserError(f"{wanted[len(positional)]} is missing. Example: {self.example}")
        if len(positional) > len(words) and "..." not in self.arguments:
            raise UserError(f"Too many arguments: {' '.join(positional[len(words) :])}.")


_IMPORTED: dict[str, Command] = {}


def command(
    name: str, arguments: str = "", *, example: str, flags: Sequence[Flag] = (), tensorflow: bool = True
) -> Callable[[Callable[[Any, list[str]], None]], Command]:
    """Makes a function the command of that name, which `zoo.cli.commands` lists with its summary."""

    def register(run: Callable[[Any, list[str]], None]) -> Command:
        _IMPORTED[name] = Command(name, arguments, example, flags, run, tensorflow)
        return _IMPORTED[name]

    return register


@final
class _Commands(Mapping[str, Command]):
    """Name -> command, in the order of the help. A look-up imports the command's module."""

    def __getitem__(self, name: str) -> Command:
        importlib.import_module(f"zoo.cli.commands.{LISTED[name].module}")
        return _IMPORTED[name]

    def __iter__(self) -> Iterator[str]:
        return iter(LISTED)

    def __len__(self) -> int:
        return len(LISTED)


COMMANDS = _Commands()


def call(arguments: Sequence[str]) -> None:
    """Runs one command line in this process. Errors: UserError and those of each package."""
    if not arguments or arguments[0] in (*_HELP, "help"):
        print(_help())
    elif arguments[0] == "--version":
        import zoo

        print(f"zoo {zoo.__version__}")
    elif arguments[0] not in COMMANDS:
        raise unknown("command", arguments[0], COMMANDS)
    elif any(word in _HELP for word in _before_dashes(arguments[1:])):
        print(COMMANDS[arguments[0]].usage())
    else:
        COMMANDS[arguments[0]](arguments[1:])


def _before_dashes(arguments: Sequence[str]) -> Sequence[str]:
    """The words before `--`, after which `zoo serve` takes flags of TF Serving."""
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _help() -> str:
    lines = ["zoo trains generative models, exports, serves and explains them.", "", "zoo COMMAND ... [flags]"]
    for group, listed in GROUPS.items():
        lines += ["", f"{group}:", *(f"  {name:<10} {line.summary}" for name, line in listed.items())]
    lines += ["", "zoo COMMAND --help shows a command's flags and an example; zoo --version the version."]
    return "\n".join([*lines, "", "example:", "  zoo train vae --data digits --epochs 2 --out runs/vae"])
