"""The progress of long work: a bar on a terminal, a line now and then in a file or in CI.

The settings of tqdm stand here and nowhere else.
"""

import sys
import time
from typing import Any, TextIO, final

from tqdm import tqdm

QUIET = 60.0
"""Seconds after which a file gets another line, although no tenth of the work has been done since the last."""


@final
class Terminal:
    """A bar that fits 60 columns: label, bar, rate, time left, note. It moves twice a second at most."""

    def __init__(
        self, total: int, initial: int, unit: str, file: TextIO, *, label: str = "", leave: bool = False
    ) -> None:
        self._bar: tqdm[Any] = tqdm(
            total=total,
            initial=initial,
            desc=label,
            unit=f" {unit}",
            unit_scale=True,
            file=file,
            leave=leave,
            dynamic_ncols=True,
            mininterval=0.5,
            miniters=1,
            bar_format=_format(""),
        )

    def update(self, n: int) -> None:
        """`n` more units are done."""
        self._bar.update(n)

    def label(self, text: str) -> None:
        """Sets the text before the bar."""
        self._bar.set_description_str(text, refresh=False)

    def note(self, text: str) -> None:
        """Sets the text after the time left."""
        self._bar.bar_format = _format(text)

    def columns(self) -> int:
        """The terminal's width."""
        return self._bar.format_dict["ncols"] or 60

    def write(self, text: str) -> None:
        """A line above the bar."""
        self._bar.write(text, file=self._bar.fp)

    def close(self) -> None:
        """Ends the bar as it stands."""
        self._bar.refresh()
        self._bar.close()


def _format(note: str) -> str:
    return "{desc} {bar} {rate_noinv_fmt} {remaining} left " + note.replace("{", "{{").replace("}", "}}")


def clock(seconds: float) -> str:
    """A duration as 0:06, 12:34 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def line(label: str, done: int, total: int, unit: str, seconds: float, rate: float, note: str = "") -> str:
    """A line of a file: `training  35/700 steps  1.2 s  120 steps/s  0:06 left  loss 93.1`.

    `rate` is in units per second.
    """
    left = f"{clock((total - done) / rate)} left" if rate else ""
    parts = (label, f"{done}/{total} {unit}", f"{seconds:.1f} s", f"{rate:.3g} {unit}/s", left, note)
    return "  ".join(part for part in parts if part)


@final
class Bar:
    """Progress of `total` units of work, to be used with `with`. On a terminal the bar disappears at the end.

    Args:
      initial: units that were done before.
      unit: what they are, in the plural.
      label: what is being done.
      file: where it is shown, standard error by default: a bar if it is a terminal, else a line after each tenth of
        the work, though not more than one a second.
      shown: False shows nothing.
    """

    def __init__(
        self,
        *,
        total: int,
        unit: str,
        initial: int = 0,
        label: str = "",
        file: TextIO | None = None,
        shown: bool = True,
    ) -> None:
        self._total, self._unit, self._label, self._note = total, unit, label, ""
        self._file, self._shown = file or sys.stderr, shown
        self._done = self._initial = self._printed = initial
        self._start = self._last = time.monotonic()
        self._terminal: Terminal | None = None
        if shown and self._file.isatty():
            self._terminal = Terminal(total, initial, unit, self._file, label=label)

    def update(self, n: int = 1) -> None:
        """`n` more units are done."""
        self._done += n
        if self._terminal:
            self._terminal.update(n)
        elif self._shown and self._due():
            self._print()

    def label(self, text: str) -> None:
        """Sets what is being done."""
        self._label = text
        if self._terminal:
            self._terminal.label(text)

    def note(self, text: str) -> None:
        """Sets the one or two numbers that matter."""
        self._note = text
        if self._terminal:
            self._terminal.note(text)

    def _due(self) -> bool:
        waited = time.monotonic() - self._last
        tenth = 10 * self._done // self._total > 10 * self._printed // self._total
        return self._done < self._total and waited > (1.0 if tenth else QUIET)

    def _print(self) -> None:
        self._last, self._printed = time.monotonic(), self._done
        seconds = self._last - self._start
        rate = (self._done - self._initial) / max(seconds, 1e-9)
        text = line(self._label, self._done, self._total, self._unit, seconds, rate, self._note)
        print(text, file=self._file, flush=True)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal:
            self._terminal.close()
        elif self._shown and self._done > self._printed:
            self._print()
