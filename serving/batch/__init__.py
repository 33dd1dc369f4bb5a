"""Batch jobs: a signature over a million rows, written in shards and resumed after an interruption.

inputs.py     the rows: seeds and labels, or files of arrays, records and images
fitting.py    the rows converted to the inputs of a signature
shards.py     the files of the results: .npz or TFRecords
manifest.py   the job, and which of its shards are finished
job.py        running a job
beam.py       the same with Apache Beam

    from serving import Client, batch
    with Client("127.0.0.1:8500", timeout=300) as client:
        batch.run(client, batch.Job("vae", "sample"), batch.Seeds(0, 1_000_000), Path("drawn"))
"""

from serving.batch.errors import JobError
from serving.batch.inputs import Combined, Labels, Rows, Seeds
from serving.batch.inputs import read as read_inputs
from serving.batch.job import Finished, Job, fitted, run
from serving.batch.shards import FORMATS

__all__ = [
    "FORMATS",
    "Combined",
    "Finished",
    "Job",
    "JobError",
    "Labels",
    "Rows",
    "Seeds",
    "fitted",
    "read_inputs",
    "run",
]
