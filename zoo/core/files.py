"""JSON files: replaced as a whole, and read with errors that name the file; names of files."""

import json
import re
from pathlib import Path
from typing import Any

from serving.protocol.files import write_whole
from zoo.core.errors import UserError


def write_json(path: Path, record: Any) -> None:
    """Writes a record, and the folder that it goes to. Errors: ValueError for NaN and infinity, which JSON lacks."""
    write_whole(path, json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """The record in a file. Errors: UserError where the file does not hold JSON."""
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error}). Run the command that wrote it again.") from None


def slug(text: str) -> str:
    """Text as part of a file's name: other characters than letters, digits, _ and . become -."""
    return re.sub(r"[^\w.]+", "-", text).strip("-")
