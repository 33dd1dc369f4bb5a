"""A job: a signature over many rows, written in shards and resumed after an interruption.

A shard's content depends only on the model's version, the rows and the job's sizes, and every attempt sends the same
requests: an interrupted job ends with the same bytes as one that was not interrupted.
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

from serving.batch.errors import JobError
from serving.batch.fitting import Fitted
from serving.batch.inputs import Columns, Rows
from serving.batch.manifest import Manifest
from serving.batch.shards import FORMATS, save
from serving.client import Client, Metadata, Prediction, chunks
from serving.protocol.errors import NotFound
from serving.protocol.signatures import Signature


@dataclass(frozen=True)
class Job:
    """What to compute, and how to write it.

    Attributes:
      outputs: the names of the outputs to write; empty for all.
      version: None for the version that the folder was begun with, or the latest for a new folder.
      format: npz or tfrecord.
      request: rows in a request.
      shard: rows in a file.
    """

    model: str
    signature: str
    outputs: Sequence[str] = ()
    version: int | None = None
    format: str = "npz"
    request: int = chunks.ROWS
    shard: int = 4096

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise JobError(f"A job writes {' or '.join(FORMATS)}; received {self.format!r}.")
        if not 1 <= self.request <= self.shard:
            raise JobError(
                f"A request has 1 row or more, and a shard at least as many; received {self.request} and {self.shard}."
            )

    def describe(self, version: int, rows: Rows) -> dict[str, Any]:
        """Everything that the content of the shards depends on."""
        return {
            "model": self.model,
            "version": version,
            "signature": self.signature,
            "outputs": list(self.outputs),
            "format": self.format,
            "rows": rows.count,
            "request_rows": self.request,
            "shard_rows": self.shard,
            "inputs": rows.describe(),
        }


class Finished(NamedTuple):
    """The result of a job: `written` of its `shards` were written by this attempt."""

    version: int
    rows: int
    shards: int
    written: int


Answered = tuple[Columns, Columns, Prediction]
"""A request's inputs, the columns to write beside its outputs, and its reply."""


Progress = Callable[..., Any]
"""tqdm, or what takes its place: from total, initial and unit it makes a context manager with `update(n)`."""


class Shard(NamedTuple):
    """A file and its range of rows."""

    name: str
    start: int
    stop: int


def run(
    client: Client, job: Job, rows: Rows, folder: Path, *, window: int = chunks.WINDOW, progress: Progress | bool = True
) -> Finished:
    """Runs a job, or the rest of it, with `window` requests in flight, and shows its progress.

    Errors: JobError, also for the folder of another job; ServingError when the client's retries are used up. Finished
    shards are kept, and the same call continues.
    """
    with _locked(folder):
        begun = Manifest.read(folder)
        metadata = _metadata(client, job, begun)
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
    return Finished(metadata.version, rows.count, len(shards), len(left))


def _metadata(client: Client, job: Job, begun: Manifest | None) -> Metadata:
    """The metadata of the version that the job uses."""
    if begun is None or job.version is not None or begun.job["model"] != job.model:
        return client.metadata(job.model, job.version)
    version = begun.job["version"]
    try:
        return client.metadata(job.model, version)
    except NotFound as failure:
        text = f"{begun.folder} was begun with version {version} of {job.model}, which the server does not have"
        raise JobError(f"{text} ({failure.message}). Serve that version again, or choose another --out.") from None


def fitted(job: Job, rows: Rows, metadata: Metadata) -> Fitted:
    """The rows as inputs of the job's signature. Errors: JobError."""
    return Fitted(rows, f"{job.model}:{job.signature}", _signature(job, metadata))


def _signature(job: Job, metadata: Metadata) -> Signature:
    if job.signature not in metadata.signatures:
        known = ", ".join(metadata.signatures)
        raise JobError(f"{job.model} version {metadata.version} has no signature {job.signature!r}. It has: {known}.")
    found = metadata.signatures[job.signature]
    if unknown := [name for name in job.outputs if name not in found.outputs]:
        raise JobError(f"{job.model}:{job.signature} has no output {unknown[0]!r}. It has: {', '.join(found.outputs)}.")
    text = [name for name in job.outputs or found.outputs if found.outputs[name].dtype == "string"]
    if text and job.format == "npz":
        raise JobError(f"The output {text[0]!r} is text, which an .npz cannot hold. Write tfrecord, or leave it out.")
    return found


def _shards(job: Job, count: int) -> Iterator[Shard]:
    for i, start in enumerate(range(0, count, job.shard)):
        yield Shard(f"shard-{i:05}.{job.format}", start, min(start + job.shard, count))


def _write(
    replies: Callable[..., Iterator[Prediction]],
    job: Job,
    inputs: Fitted,
    shards: Sequence[Shard],
    manifest: Manifest,
    bar: Any,
) -> None:
    """Requests the rows of all shards in one stream; a second thread writes each shard after its last reply."""
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
    """Writes a shard whose replies have all arrived, and adds it to the manifest."""
    pieces, addresses, predictions = zip(*held, strict=True)
    columns = {name: np.concatenate([a[name] for a in addresses]) for name in addresses[0]}
    columns |= chunks.join(pieces, predictions).outputs
    save(manifest.folder / shard.name, job.format, columns)
    manifest.add(shard.name, shard.stop - shard.start)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Makes a folder and locks it. Errors: JobError if another process has locked it."""
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise JobError(
            f"Another process is writing to {folder}. Wait until it has finished, or choose another --out."
        ) from None
    finally:
        os.close(held)
        if new and not any(folder.iterdir()):
            folder.rmdir()
