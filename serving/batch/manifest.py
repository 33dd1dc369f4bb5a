"""manifest.json: the job of a folder, and which of its shards are finished."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, final

from serving.batch.errors import JobError
from serving.protocol.files import write_whole

NAME = "manifest.json"


@final
class Manifest:
    """A shard is finished when it is listed here; the file is replaced as a whole, so a kill loses one shard at most.

    {"job": {...}, "shards": {"shard-00000.npz": {"rows": 4096, "bytes": ..., "sha256": "..."}, ...}}
    """

    def __init__(self, folder: Path, job: Mapping[str, Any], shards: dict[str, dict[str, Any]]) -> None:
        self.folder, self.job, self._shards = folder, job, shards

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The manifest of a folder; None if it has none. Errors: JobError for another kind of file."""
        path = folder / NAME
        if not path.exists():
            return None
        try:
            found = json.loads(path.read_text())
            return cls(folder, found["job"], found["shards"])
        except (ValueError, KeyError, TypeError):
            raise JobError(f"{path} is not a batch job's manifest. Choose another --out.") from None

    @classmethod
    def begin(cls, folder: Path, job: Mapping[str, Any]) -> Self:
        """The manifest of a new folder. Errors: JobError if the folder has other files."""
        # Hidden files may be left over from a job that was killed at once.
        if others := sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")):
            raise JobError(f"{folder} has other files ({others[0]}). Choose a new folder as --out.")
        made = cls(folder, job, {})
        made.write()
        return made

    def checked(self, job: Mapping[str, Any]) -> Self:
        """This manifest. Errors: JobError with the differences, if the folder was begun by another job."""
        was, now = ({**d, **d["inputs"]} for d in (self.job, job))
        keys = [key for key in dict.fromkeys([*was, *now]) if key != "inputs" and was.get(key) != now.get(key)]
        if keys:
            differences = "; ".join(f"{key} was {_show(was, key)}, now {_show(now, key)}" for key in keys)
            raise JobError(
                f"{self.folder} was begun by another job: {differences}. Repeat that job, or choose another --out."
            )
        return self

    def done(self, shard: str) -> bool:
        """Whether a shard is listed and its file has the size that was written."""
        path, known = self.folder / shard, self._shards.get(shard)
        return known is not None and path.is_file() and path.stat().st_size == known["bytes"]

    def add(self, shard: str, rows: int) -> None:
        """Adds a shard that was written."""
        with (self.folder / shard).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._shards[shard] = {"rows": rows, "bytes": (self.folder / shard).stat().st_size, "sha256": digest}
        self.write()

    def write(self) -> None:
        """Writes the file; shards are in the order of their names."""
        text = json.dumps({"job": self.job, "shards": dict(sorted(self._shards.items()))}, indent=1) + "\n"
        write_whole(self.folder / NAME, text)


def _show(job: Mapping[str, Any], key: str) -> str:
    text = json.dumps(job[key]) if key in job else "not given"
    return text if len(text) <= 60 else text[:57] + "..."
