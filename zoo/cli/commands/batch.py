"""The command batch."""

from pathlib import Path
from typing import Any

from zoo.cli.command import command
from zoo.cli.connection import CONNECTION, connect
from zoo.cli.flags import Flag
from zoo.cli.options import LABELS, numbers, span
from zoo.core.errors import Failure, UserError


@command(
    "batch",
    "MODEL",
    example="zoo batch vae --seeds 0:1000 --format tfrecord --out drawn-vae",
    flags=[
        Flag("seeds", str, None, "seeds of the rows, as START:STOP"),
        LABELS,
        Flag("inputs", str, None, "rows to send: an .npz, TFRecords, images, or a folder of them"),
        Flag("signature", str, None, "signature to call; default: sample for --seeds, serving_default for --inputs"),
        Flag("outputs", list, None, "outputs to keep, as in codes,error; default: all"),
        Flag("version", int, None, "version of the model; default: the latest when the job begins, until its end"),
        Flag("out", str, "drawn", "folder of the shards and their manifest"),
        Flag("format", ("npz", "tfrecord"), "npz", "arrays, or TFRecords of Examples with encoded images"),
        Flag("rows", int, 64, "rows in a request"),
        Flag("shard_rows", int, 4096, "rows in a file"),
        Flag("window", int, 8, "requests in flight"),
        Flag(
            "timeout",
            float,
            600.0,
            "seconds for a request, with its retries while the server is away or overloaded",
        ),
        *(flag for flag in CONNECTION if flag.name != "timeout"),
    ],
    tensorflow=False,
)
def _batch(values: Any, positional: list[str]) -> None:
    """The same command continues a job that was stopped."""
    from serving import ServingError, batch
    from serving.client import TRANSIENT
    from zoo.display.progress import Bar

    (model,), folder = positional, Path(values.out)
    if values.window < 1:
        raise UserError(f"--window must be above 0; received {values.window}.")
    signature = values.signature or ("serving_default" if values.inputs else "sample")
    # A server that restarts or is overrun is waited for: a job's patience is the whole --timeout.
    patient = {"retries": 10**6, "retry_on": TRANSIENT}
    try:
        job = batch.Job(
            model, signature, values.outputs or (), values.version, values.format, values.rows, values.shard_rows
        )
        rows = _rows(values)
        with connect(values, **patient) as client:
            done = batch.run(client, job, rows, folder, window=values.window, progress=Bar)
    except batch.JobError as error:
        raise UserError(str(error)) from None
    except (ServingError, KeyboardInterrupt) as error:
        kept = f"What is in {folder} is kept: the same command continues." if folder.exists() else ""
        if isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(kept) from None
        raise Failure(f"{error} {kept}".rstrip()) from None
    written = f"{done.written} of {done.shards} shards written" if done.written else "it was complete already"
    print(f"{done.rows} rows of {model} version {done.version}: {folder} ({written})")


def _rows(values: Any) -> Any:
    """The rows of --seeds, --labels and --inputs."""
    from serving import batch

    if not values.seeds and not values.inputs:
        raise UserError("Give --seeds START:STOP, or --inputs, or both.")
    labels = numbers("labels", values.labels)
    found = [batch.read_inputs(Path(values.inputs).expanduser())] if values.inputs else []
    if values.seeds:
        found.append(batch.Seeds(*span("seeds", values.seeds), labels))
    elif labels:
        found.append(batch.Labels(found[0].count, labels))
    return found[0] if len(found) == 1 else batch.Combined(*found)
