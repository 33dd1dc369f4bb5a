"""Batch jobs: a signature over a million rows, into shards, from where the last attempt was killed.

inputs.py     the rows: seeds and labels, or files of arrays, records and images
fitting.py    the rows as a signature takes them
shards.py     the files that come out: .npz or TFRecords
manifest.py   what the job is, and which shards are done
job.py        the job itself

    from serving import Client, batch
    with Client("127.0.0.1:8500", timeout=300) as client:
        batch.run(client, batch.Job("vae", "sample"), batch.Seeds(0, 1_000_000), Path("drawn"))
"""

from serving.batch.errors import BadJob
from serving.batch.inputs import Labels, Rows, Seeds, Together
from serving.batch.inputs import read as read_inputs
from serving.batch.job import Done, Job, fitted, run
from serving.batch.shards import FORMATS

__all__ = ["FORMATS", "BadJob", "Done", "Job", "Labels", "Rows", "Seeds", "Together", "fitted", "read_inputs", "run"]
