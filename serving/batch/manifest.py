"""manifest.json: what the job of a folder is, and which of its shards are done."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, final

from serving.batch.errors import BadJob
from serving.protocol.files import write_whole

NAME = "manifest.json"


@final
class Manifest:
    """A shard is done when its line is here; the file is replaced as a whole, so a kill loses one shard at most.

    {"job": {...}, "shards": {"shard-00000.npz": {"rows": 4096, "bytes": ..., "sha256": "..."}, ...}}
    """

    def __init__(self, folder: Path, job: Mapping[str, Any], shards: dict[str, dict[str, Any]]) -> None:
        self.folder, self.job, self._shards = folder, job, shards

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """That of a folder; None if it has none. Errors: BadJob for one that was not written here."""
        path = folder / NAME
        if not path.exists():
            return None
        try:
            found = json.loads(path.read_text())
            return cls(folder, found["job"], found["shards"])
        except (ValueError, KeyError, TypeError):
            raise BadJob(f"{path} is not a batch job's manifest. Give another --out.") from None

    @classmethod
    def begin(cls, folder: Path, job: Mapping[str, Any]) -> Self:
        """The manifest of a new folder. Errors: BadJob where there is something else in it."""
        # Hidden files may be what a job that was killed at once had begun to write.
        if strangers := sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")):
            raise BadJob(f"{folder} holds other files ({strangers[0]}). Give a new folder as --out.")
        made = cls(folder, job, {})
        made.write()
        return made

    def checked(self, job: Mapping[str, Any]) -> Self:
        """Itself. Errors: BadJob, with what differs, for a job other than the one that began here."""
        was, now = ({**d, **d["inputs"]} for d in (self.job, job))
        keys = [key for key in dict.fromkeys([*was, *now]) if key != "inputs" and was.get(key) != now.get(key)]
        if keys:
            differences = "; ".join(f"{key} was {_show(was, key)}, now {_show(now, key)}" for key in keys)
            raise BadJob(
                f"{self.folder} was begun by another job: {differences}. Repeat that one, or give another --out."
            )
        return self

    def done(self, shard: str) -> bool:
        """Whether a shard is there as it was written."""
        path, known = self.folder / shard, self._shards.get(shard)
        return known is not None and path.is_file() and path.stat().st_size == known["bytes"]

    def add(self, shard: str, rows: int) -> None:
        """Notes a shard that was written."""
        with (self.folder / shard).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._shards[shard] = {"rows": rows, "bytes": (self.folder / shard).stat().st_size, "sha256": digest}
        self.write()

    def write(self) -> None:
        """To the folder; the order of the shards is that of their names."""
        text = json.dumps({"job": self.job, "shards": dict(sorted(self._shards.items()))}, indent=1) + "\n"
        write_whole(self.folder / NAME, text)


def _show(job: Mapping[str, Any], key: str) -> str:
    text = json.dumps(job[key]) if key in job else "not given"
    return text if len(text) <= 60 else text[:57] + "..."
