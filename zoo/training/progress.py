"""The progress of a training: epoch, rate, time left, and the one or two losses that matter.

    with Progress(total=700, initial=70, epochs=20, steps=35) as progress:
        ...
        progress.step(5, means)              # five more steps are done; the means of the epoch so far
        progress.epoch(3, means, seconds)    # the third epoch is over

On a terminal that is one bar of 60 columns or more. In a file or in CI it is one line an epoch:

    epoch 3/20  step 105/700  1.2 s  120 steps/s  0:06 left  loss 93.1
"""

import re
import sys
from collections.abc import Mapping
from typing import TextIO, final

from zoo.display.progress import Terminal, clock

WIDE = 90
"""Columns from which the players of a game are shown by their names, instead of by their initials."""


@final
class Progress:
    """Shows a training's progress, to be used with `with`.

    Args:
      total: steps of the whole training.
      initial: steps that were done before, by the run that this one continues.
      epochs, steps: how many epochs there are, and steps in each.
      file: where it is shown; default: standard error.
      shown: False shows nothing, for workers beside the chief.
    """

    def __init__(
        self, *, total: int, initial: int, epochs: int, steps: int, file: TextIO | None = None, shown: bool = True
    ) -> None:
        self._total, self._epochs, self._steps = total, epochs, steps
        self._file, self._shown = file or sys.stderr, shown
        self._done, self._since = initial, initial
        self._terminal: Terminal | None = None
        if shown and self._file.isatty():
            self._terminal = Terminal(total, initial, "steps", self._file, label=self._label(), leave=True)

    def step(self, n: int = 1, means: Mapping[str, float] | None = None) -> None:
        """`n` more steps are done; `means` are those of the epoch so far, by `PLAYER/loss` and other names."""
        self._done += n
        if self._terminal:
            self._terminal.label(self._label())
            if means:
                self._terminal.note(losses(means, short=self._terminal.columns() < WIDE))
            self._terminal.update(n)

    def epoch(self, number: int, means: Mapping[str, float], seconds: float) -> None:
        """Epoch `number`, from 1, is over; it took `seconds`."""
        rate = (self._done - self._since) / max(seconds, 1e-9)
        self._since = self._done
        if self._terminal:
            self._terminal.note(losses(means, short=self._terminal.columns() < WIDE))
        elif self._shown:
            left = f"{clock((self._total - self._done) / rate)} left" if rate else ""
            parts = (
                f"epoch {number}/{self._epochs}",
                f"step {self._done}/{self._total}",
                f"{seconds:.1f} s",
                f"{rate:.3g} steps/s",
                left,
                losses(means),
            )
            print("  ".join(part for part in parts if part), file=self._file, flush=True)

    def write(self, text: str) -> None:
        """A line of its own, which does not disturb the bar: a warning."""
        if self._terminal:
            self._terminal.write(text)
        elif self._shown:
            print(text, file=self._file, flush=True)

    def _label(self) -> str:
        return f"epoch {min(self._done // self._steps + 1, self._epochs)}/{self._epochs}"

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal:
            self._terminal.close()


def losses(means: Mapping[str, float], *, short: bool = False) -> str:
    """The numbers that matter: one player's loss, or in a game the losses of its first two players.

    They are those named `PLAYER/loss`. `short` writes initials: `D 1.38  G 0.71` for discriminator and generator.
    """
    found = {key.removesuffix("/loss"): value for key, value in means.items() if key.endswith("/loss")}
    if len(found) == 1:
        return f"loss {_number(*found.values())}"
    names = list(found)[:2]
    initials = [name[0].upper() + "".join(re.findall(r"\d+$", name)) for name in names]
    shown = initials if short and len(set(initials)) == len(names) else names
    return "  ".join(f"{label} {_number(found[name])}" for label, name in zip(shown, names, strict=True))


def _number(value: float) -> str:
    """Three digits or the whole number: 93.1, 0.0123, 1540; larger ones as 1.54e+06."""
    return f"{value:.0f}" if 1000 <= abs(value) < 1e5 else f"{value:.3g}"
