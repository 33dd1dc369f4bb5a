"""The progress of a run, for people."""

import sys
from collections.abc import Mapping
from types import TracebackType

from tqdm import tqdm


class Progress:
    """A bar of all steps."""

    def __init__(self, *, total: int, initial: int, epochs: int, steps: int) -> None:
        self._bar = tqdm(total=total, initial=initial, unit="step", dynamic_ncols=True)

    def step(self, n: int = 1) -> None:
        """So many more steps are done."""
        self._bar.update(n)

    def epoch(self, number: int, means: Mapping[str, float], seconds: float) -> None:
        """An epoch is over."""

    def write(self, text: str) -> None:
        """A line of text beside the bar."""
        tqdm.write(text, file=sys.stderr)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.close()
