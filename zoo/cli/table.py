"""Tables on a terminal: columns side by side that never wrap."""

import shutil
import textwrap
from collections.abc import Sequence

from zoo.cli.flags import WIDTH


def table(rows: Sequence[Sequence[str]]) -> None:
    """Prints rows with their columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def columns() -> int:
    """How many columns a line may have: the terminal's, 100 at most."""
    return min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)


def hanging(left: str, indent: int, text: str) -> str:
    """`left`, then `text` from the column `indent` on, in as many lines as it takes."""
    return textwrap.fill(
        text or " ",
        columns(),
        initial_indent=left.ljust(indent),
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
    ).rstrip()
