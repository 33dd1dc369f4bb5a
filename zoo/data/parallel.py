"""Reading many files at once."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tqdm import tqdm

from zoo.data.errors import DataError

THREADS = min(4, os.cpu_count() or 1)


def each(read: Callable[[Any], Any], sources: Sequence[Any], what: str) -> tuple[list[Any], list[DataError | None]]:
    """`read` of every source, by several threads, and what went wrong with which; None where nothing did.

    A bar is shown where it takes longer than two seconds.
    """

    def tried(source: Any) -> tuple[Any, DataError | None]:
        try:
            return read(source), None
        except DataError as error:
            return None, error

    with ThreadPoolExecutor(THREADS) as pool:
        bar = tqdm(pool.map(tried, sources), what, len(sources), delay=2, leave=False, disable=None)
        pairs = list(bar)
    return [found for found, _ in pairs], [error for _, error in pairs]
