"""A job: a signature over many rows, in shards, resumed where it was cut off.

What is in a shard depends on the model's version, the rows and the job's numbers alone, and requests are cut the same
way in every attempt: a job that was killed ends on the bytes of one that was not.
"""

import fcntl
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from serving.batch.errors import BadJob
from serving.batch.fitting import Fitted
from serving.batch.inputs import Columns, Rows
from serving.batch.manifest import Manifest
from serving.batch.shards import FORMATS, save
from serving.client import Client, Metadata, Prediction, chunks
from serving.protocol.errors import NotFound
from serving.protocol.signatures import Signature


@dataclass(frozen=True)
class Job:
    """What is asked of the model.

    Attributes:
      outputs: those wanted; all if none is named.
      version: the one that began the folder, or else the latest, if None.
      form: npz or tfrecord.
      request: rows a request.
      shard: rows a file.
    """

    model: str
    signature: str
    outputs: Sequence[str] = ()
    version: int | None = None
    form: str = "npz"
    request: int = chunks.ROWS
    shard: int = 4096

    def __post_init__(self) -> None:
        if self.form not in FORMATS:
            raise BadJob(f"A job writes {' or '.join(FORMATS)}; received {self.form!r}.")
        if not 1 <= self.request <= self.shard:
            raise BadJob(
                f"A request has 1 row or more, and a shard no fewer; received {self.request} and {self.shard}."
            )

    def describe(self, version: int, rows: Rows) -> dict[str, Any]:
        """All that the shards' bytes depend on."""
        return {
            "model": self.model,
            "version": version,
            "signature": self.signature,
            "outputs": list(self.outputs),
            "format": self.form,
            "rows": rows.count,
            "request_rows": self.request,
            "shard_rows": self.shard,
            "inputs": rows.describe(),
        }


class Done(NamedTuple):
    """What a finished job left: `written` of its `shards` are this attempt's."""

    version: int
    rows: int
    shards: int
    written: int


Answered = tuple[Columns, Columns, Prediction]
"""A request's inputs, the columns that go with its rows, and its reply."""


Progress = Callable[..., Any]
"""tqdm, or what takes its place: from total, initial and unit it makes a context manager with `update(n)`."""


class Shard(NamedTuple):
    """A file to be, and its rows."""

    name: str
    start: int
    stop: int


def run(
    client: Client, job: Job, rows: Rows, folder: Path, *, window: int = chunks.WINDOW, progress: Progress | bool = True
) -> Done:
    """Does a job, or what is left of it, with `window` requests in flight, and shows its progress.

    Errors: BadJob, also for a folder that another job began; ServingError once the client's retries are spent. What was
    written by then is kept, and the same job continues it.
    """
    with _alone(folder):
        begun = Manifest.read(folder)
        metadata = _pinned(client, job, begun)
        inputs = fitted(job, rows, metadata)
        described = job.describe(metadata.version, rows)
        manifest = Manifest.begin(folder, described) if begun is None else begun.checked(described)
        shards = list(_shards(job, rows.count))
        left = [shard for shard in shards if not manifest.done(shard.name)]
        done = rows.count - sum(shard.stop - shard.start for shard in left)
        show = partial(tqdm, disable=not progress) if isinstance(progress, bool) else progress
        with show(total=rows.count, initial=done, unit="rows") as bar:
            replies = partial(client.stream, job.model, signature=job.signature, outputs=job.outputs, window=window)
            _write(partial(replies, version=metadata.version), job, inputs, left, manifest, bar)
    return Done(metadata.version, rows.count, len(shards), len(left))


def _pinned(client: Client, job: Job, begun: Manifest | None) -> Metadata:
    """The metadata of the one version that this job asks."""
    if begun is None or job.version is not None or begun.job["model"] != job.model:
        return client.metadata(job.model, job.version)
    version = begun.job["version"]
    try:
        return client.metadata(job.model, version)
    except NotFound as failure:
        text = f"{begun.folder} was begun with version {version} of {job.model}, which the server has not"
        raise BadJob(f"{text} ({failure.message}). Serve that version again, or give another --out.") from None


def fitted(job: Job, rows: Rows, metadata: Metadata) -> Fitted:
    """The rows as the job's signature takes them. Errors: BadJob."""
    return Fitted(rows, f"{job.model}:{job.signature}", _signature(job, metadata))


def _signature(job: Job, metadata: Metadata) -> Signature:
    if job.signature not in metadata.signatures:
        known = ", ".join(metadata.signatures)
        raise BadJob(f"{job.model} version {metadata.version} has no signature {job.signature!r}. It has: {known}.")
    found = metadata.signatures[job.signature]
    if unknown := [name for name in job.outputs if name not in found.outputs]:
        raise BadJob(f"{job.model}:{job.signature} has no output {unknown[0]!r}. It has: {', '.join(found.outputs)}.")
    text = [name for name in job.outputs or found.outputs if found.outputs[name].dtype == "string"]
    if text and job.form == "npz":
        raise BadJob(f"The output {text[0]!r} is text, which an .npz does not hold. Write tfrecord, or leave it out.")
    return found


def _shards(job: Job, count: int) -> Iterator[Shard]:
    for i, start in enumerate(range(0, count, job.shard)):
        yield Shard(f"shard-{i:05}.{job.form}", start, min(start + job.shard, count))


def _write(
    replies: Callable[..., Iterator[Prediction]],
    job: Job,
    inputs: Fitted,
    shards: Sequence[Shard],
    manifest: Manifest,
    bar: Any,
) -> None:
    """Asks for the rows of all shards in one stream, and writes each when its last reply is here, beside the asking."""
    sent: deque[tuple[Columns, Columns]] = deque()

    def cuts() -> Iterator[tuple[Shard, int, int]]:
        for shard in shards:
            for start in range(shard.start, shard.stop, job.request):
                yield shard, start, min(start + job.request, shard.stop)

    def batches() -> Iterator[Columns]:
        for _, start, stop in cuts():
            sent.append(inputs.take(start, stop))
            yield sent[-1][0]

    held: list[Answered] = []
    with ThreadPoolExecutor(1, thread_name_prefix="shards") as writer:
        writing: Future[None] | None = None
        for (shard, start, stop), reply in zip(cuts(), replies(batches()), strict=True):
            held.append((*sent.popleft(), reply))
            if stop == shard.stop:
                if writing:
                    writing.result()
                writing, held = writer.submit(_finish, shard, held, job, manifest), []
            bar.update(stop - start)
        if writing:
            writing.result()


def _finish(shard: Shard, held: Sequence[Answered], job: Job, manifest: Manifest) -> None:
    """Writes a shard whose replies are all here, and notes it."""
    pieces, addresses, predictions = zip(*held, strict=True)
    columns = {name: np.concatenate([a[name] for a in addresses]) for name in addresses[0]}
    columns |= chunks.join(pieces, predictions).outputs
    save(manifest.folder / shard.name, job.form, columns)
    manifest.add(shard.name, shard.stop - shard.start)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Makes a folder, and holds it against other processes. Errors: BadJob if one has it."""
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BadJob(f"Another process is at work in {folder}. Let it end, or give another --out.") from None
    finally:
        os.close(held)
        if new and not any(folder.iterdir()):
            folder.rmdir()
