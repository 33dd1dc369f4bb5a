"""What can be wrong with data."""

import re

from zoo.core.errors import UserError


class DataError(UserError):
    """Data that is missing, broken or mixed. The message names the file or the set, and the repair."""


def many(count: int, noun: str, verb: str = "") -> str:
    """A number of things in words: `1 file is`, `2 files are`."""
    words = [f"{count:,}", noun if count == 1 else f"{noun}s"]
    if verb:
        words.append(verb if count == 1 else {"is": "are", "has": "have", "lies": "lie"}[verb])
    return " ".join(words)


def raised_in(error: BaseException) -> DataError | None:
    """The DataError behind TensorFlow's: tf.data reports a file that broke while batches were being read.

    Returns None where the cause was another.
    """
    found = re.search(r"DataError: (.+)", str(error))
    return DataError(found.group(1).strip()) if found else None
