"""A recipe's parameters as text: how a value is written and read, and the help lines of a docstring."""

import inspect
import re
from collections.abc import Mapping
from typing import Any, get_args

_ARGUMENT = re.compile(r"(?P<indent> +)\*{0,2}(?P<name>\w+)(?: \([^)]*\))?:\s*(?P<text>.*)")


def show(value: Any) -> str:
    """A value as it is written in key=value: a tuple with commas, anything else as `str` writes it."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def typed(text: str, annotation: Any) -> Any:
    """The value that `show` wrote, of the type `annotation`: int, float, bool, str or tuple[one of them, ...].

    Errors: ValueError where the text is not of that type.
    """
    if annotation is bool:
        if text.lower() not in ("true", "false", "1", "0"):
            raise ValueError(text)
        return text.lower() in ("true", "1")
    if args := get_args(annotation):
        return tuple(typed(part, args[0]) for part in text.split(",") if part)
    return annotation(text)


def summary(docstring: str | None) -> str:
    """The first line of a docstring."""
    return inspect.cleandoc(docstring or "").partition("\n")[0]


def argument_help(docstring: str | None) -> Mapping[str, str]:
    """The lines of a docstring's `Args:` section by argument, in Google's style:

    Args:
      latent: numbers in a code.
      hidden: units of each hidden layer, from the input to the code; lines that are
        indented further continue the line above.
    """
    _, _, section = f"\n{inspect.cleandoc(docstring or '')}\n".partition("\nArgs:\n")
    found: dict[str, str] = {}
    indent, last = "", ""
    for line in section.splitlines():
        if not line.startswith(" "):
            if line:
                break  # the next section
            continue
        match = _ARGUMENT.fullmatch(line)
        if match and (not indent or match["indent"] == indent):
            indent, last = match["indent"], match["name"]
            found[last] = match["text"]
        elif last:
            found[last] = f"{found[last]} {line.strip()}".strip()
    return found
