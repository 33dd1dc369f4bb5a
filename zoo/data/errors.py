"""What can be wrong with data."""

import re

from zoo.core.errors import UserError


class DataError(UserError):
    """Data that is missing, broken or mixed. The message names the file or the set, and the repair."""


def raised_in(error: BaseException) -> DataError | None:
    """The DataError behind TensorFlow's: tf.data reports a file that broke while batches were being read.

    Returns None where the cause was another.
    """
    found = re.search(r"DataError: (.+)", str(error))
    return DataError(found.group(1).strip()) if found else None
