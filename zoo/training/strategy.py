"""The one tf.distribute strategy of the process, and how data reaches its replicas.

Two MirroredStrategy objects over the same devices clash, so there is one, made by the first `get`.
"""

import functools
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from zoo.core.errors import UserError
from zoo.core.model import Batch

MakeBatches = Callable[[int, int], tf.data.Dataset]
"""(worker, workers) -> that worker's contiguous part of every global batch."""


def get(name: str = "auto", replicas: int = 0) -> tf.distribute.Strategy:
    """The strategy `auto`, `one`, `mirrored` or `multiworker`, the same object each time.

    Args:
      replicas: devices for `mirrored`, 0 for all; without a GPU the CPU is split into as many logical devices.

    Errors: UserError where the process already has another one, or TF_CONFIG is missing or not JSON.
    """
    if name == "auto":
        gpus = len(tf.config.list_physical_devices("GPU"))
        name = "multiworker" if "TF_CONFIG" in os.environ else "mirrored" if max(gpus, replicas) > 1 else "one"
    if name == "mirrored":
        return _mirrored(replicas)
    return {"one": tf.distribute.get_strategy, "multiworker": _multiworker}[name]()


@functools.cache
def _mirrored(replicas: int) -> tf.distribute.Strategy:
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    if kind == "CPU" and replicas:
        _split_cpu(replicas)
    devices = [d.name.removeprefix("/physical_device:") for d in tf.config.list_logical_devices(kind)]
    if replicas > len(devices):
        raise UserError(f"--replicas {replicas} was asked for, but there are {len(devices)} {kind} devices.")
    return tf.distribute.MirroredStrategy(devices[: replicas or None])


def _split_cpu(count: int) -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    if len(tf.config.get_logical_device_configuration(cpu) or ()) >= count:
        return
    try:
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
    except RuntimeError:
        raise UserError(f"The CPU cannot be split into {count} once TensorFlow runs: start a new process.") from None


@functools.cache
def _multiworker() -> tf.distribute.Strategy:
    text = os.environ.get("TF_CONFIG")
    if not text:
        raise UserError(
            "--strategy multiworker reads the cluster from TF_CONFIG, which is not set. Example: TF_CONFIG="
            '\'{"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}, "task": {"type": "worker", "index": 0}}\''
        )
    try:
        json.loads(text)["cluster"]
    except (ValueError, KeyError, TypeError):
        raise UserError(f"TF_CONFIG is not JSON with a `cluster`; received {text!r}.") from None
    return tf.distribute.MultiWorkerMirroredStrategy()


def worker(strategy: tf.distribute.Strategy) -> tuple[int, int]:
    """This process's number among the workers, and how many there are. Worker 0 is the chief, who writes the files."""
    resolver = strategy.cluster_resolver
    cluster = resolver.cluster_spec() if resolver else None
    if not cluster:
        return 0, 1
    tasks = [(job, i) for job in ("chief", "worker") if job in cluster.jobs for i in cluster.task_indices(job)]
    return tasks.index((resolver.task_type, resolver.task_id)), len(tasks)


def iterate(strategy: tf.distribute.Strategy, make: MakeBatches) -> Iterator[Any]:
    """One iterator of (per-replica) batches for the whole run, fetched to the devices ahead of use."""
    index, workers = worker(strategy)
    if strategy.num_replicas_in_sync == 1 and workers == 1:
        dataset = make(0, 1)
        if tf.config.list_logical_devices("GPU"):
            dataset = dataset.apply(tf.data.experimental.prefetch_to_device("/GPU:0"))
        return iter(dataset)
    local = strategy.num_replicas_in_sync // workers
    return iter(strategy.distribute_datasets_from_function(lambda context: _split(make(index, workers), local)))


def _split(dataset: tf.data.Dataset, parts: int) -> tf.data.Dataset:
    """Each batch as `parts` smaller ones, in order."""
    if parts == 1:
        return dataset

    def pieces(batch: Batch) -> tf.data.Dataset:
        cut = tf.nest.map_structure(lambda t: tf.reshape(t, (parts, t.shape[0] // parts, *t.shape[1:])), batch)
        return tf.data.Dataset.from_tensor_slices(cut)

    return dataset.flat_map(pieces)
