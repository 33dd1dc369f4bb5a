"""Files that are whole or not there."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

Content = str | bytes | Callable[[BinaryIO], object]
"""Text (as UTF-8), bytes, or a function that writes into an open file."""


def write_whole(path: Path, content: Content) -> None:
    """Replaces a file in one step: at any moment readers find the old file or the whole new one, also after a crash.

    The content goes to a hidden file in the same folder, which is made if it is missing, then to the disk, and is
    renamed. Errors: OSError, and those of a content that is a function; the old file then stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.writing")
    try:
        with beside.open("wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
