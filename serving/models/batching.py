"""Dynamic batching: requests for one signature are merged and run as one, with TF Serving's parameters and messages.

One pool of threads serves all models; each (signature, outputs, types of the inputs) has a queue of batches. A batch
runs when it is full, or when its first request has waited for the timeout. Unlike in TF Serving, a request whose
deadline passed in the queue is dropped before the batch runs, even if others in the batch are still in time.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from serving.models import merging
from serving.models.observer import Observer
from serving.protocol import config_files
from serving.protocol.errors import Code, ServingError, error

if TYPE_CHECKING:
    from serving.models.saved_model import SavedModel

Arrays = dict[str, NDArray[Any]]

PER_MODEL_FILE = "batching_params.pbtxt"
_FULL = "The batch scheduling queue to which this task was submitted is full; "


@dataclass(frozen=True)
class Parameters:
    """BatchingParameters; `timeout` in seconds, `execution` the most rows in a batch if large requests are split."""

    max_batch_size: int = 1000
    timeout: float = 0.0
    max_enqueued: int = 10
    threads: int = os.cpu_count() or 1
    pool: str = "batching"
    splitting: bool = False
    execution: int = 1000
    allowed: tuple[int, ...] = ()
    padding: bool = False


def read(path: Path, default: Parameters | None = None) -> Parameters:
    """The parameters in a text file; missing fields are those of `default`. Errors: OptionError, InvalidRequest."""
    proto, default = config_files.read(config_files.BatchingParameters, path), default or Parameters()

    def value(name: str, otherwise: Any) -> Any:
        return getattr(proto, name).value if proto.HasField(name) else otherwise

    size = value("max_batch_size", default.max_batch_size)
    made = replace(
        default,
        max_batch_size=size,
        timeout=value("batch_timeout_micros", default.timeout * 1e6) / 1e6,
        max_enqueued=value("max_enqueued_batches", default.max_enqueued),
        threads=value("num_batch_threads", default.threads),
        pool=value("thread_pool_name", default.pool),
        splitting=value("enable_large_batch_splitting", default.splitting),
        execution=value("max_execution_batch_size", size),
        allowed=tuple(proto.allowed_batch_sizes) or default.allowed,
        padding=proto.pad_variable_length_inputs or default.padding,
    )
    return checked(made if made.splitting else replace(made, execution=size))


def checked(parameters: Parameters) -> Parameters:
    """The parameters. Errors: InvalidRequest for impossible sizes, with TF Serving's messages."""
    p = parameters
    if min(p.max_batch_size, p.execution, p.max_enqueued, p.threads) < 1 or p.timeout < 0:
        raise error(Code.INVALID_ARGUMENT, f"Batching parameters must be positive; received {p}")
    if list(p.allowed) != sorted(set(p.allowed)) or min(p.allowed, default=1) < 1:
        raise error(Code.INVALID_ARGUMENT, "allowed_batch_sizes entries must be positive and increasing")
    if p.allowed and p.allowed[-1] != p.execution:
        name = "max_execution_batch_size" if p.splitting else "max_batch_size"
        raise error(
            Code.INVALID_ARGUMENT,
            f"Last entry in allowed_batch_sizes must match {name}; last entry was {p.allowed[-1]}; "
            f"expected {p.execution}",
        )
    return parameters


@dataclass(eq=False)  # identity: arrays have no simple equality
class _Task:
    """A request, or a part of one that was split."""

    inputs: Mapping[str, NDArray[Any]]
    rows: int
    end: float | None
    begun: float
    done: threading.Event = field(default_factory=threading.Event)
    outputs: Arrays | None = None
    failure: ServingError | None = None

    def finish(self, outputs: Arrays | None, failure: ServingError | None = None) -> None:
        self.outputs, self.failure = outputs, failure
        self.done.set()


@dataclass
class _Batch:
    opened: float
    tasks: list[_Task] = field(default_factory=list)
    rows: int = 0


class _Queue:
    """The batches that wait for one signature; guarded by the scheduler's lock."""

    def __init__(self, model: "SavedModel", key: str, outputs: Sequence[str], parameters: Parameters) -> None:
        self.model, self.key, self.outputs, self.parameters = model, key, outputs, parameters
        self.batches: deque[_Batch] = deque()

    def room(self) -> int:
        """Rows that still fit into the open batch."""
        return self.parameters.execution - self.batches[-1].rows if self.batches else 0

    def check(self, rows: int) -> None:
        """Errors: InvalidRequest for a task that is too large, Unavailable if the queue is full."""
        p, waiting = self.parameters, len(self.batches)
        if rows > p.max_batch_size:
            text = f"Task size {rows} is larger than maximum input batch size {p.max_batch_size}"
            raise error(Code.INVALID_ARGUMENT, text)
        capacity = (p.max_enqueued - waiting) * p.execution + self.room()
        if p.splitting and rows > capacity:
            raise error(
                Code.UNAVAILABLE,
                f"{_FULL}task size is {rows} but scheduling capacity is only {capacity} (num_enqueued_batches="
                f"{waiting}, max_enqueued_batches={p.max_enqueued}, open_batch_size="
                f"{self.batches[-1].rows if self.batches else 0}, max_execution_batch_size={p.execution})",
            )
        if not p.splitting and rows > self.room() and waiting >= p.max_enqueued:
            text = f"{_FULL}currently {waiting} batches enqueued and max_enqueued_batches is {p.max_enqueued}"
            raise error(Code.UNAVAILABLE, text)

    def put(self, task: _Task) -> None:
        if not self.batches or task.rows > self.room():
            self.batches.append(_Batch(time.monotonic()))
        self.batches[-1].tasks.append(task)
        self.batches[-1].rows += task.rows

    def due(self) -> float:
        """When the first batch is due, in time.monotonic."""
        first = self.batches[0]
        full = len(self.batches) > 1 or first.rows >= self.parameters.execution
        return first.opened + (0 if full else self.parameters.timeout)


class Scheduler:
    """The threads that run the batches of all queues."""

    def __init__(self, parameters: Parameters, observer: Observer | None = None) -> None:
        self.parameters, self._observer = parameters, observer
        self._changed = threading.Condition()
        self._waiting: deque[_Queue] = deque()  # queues with batches, served in turn
        for number in range(parameters.threads):
            threading.Thread(target=self._work, name=f"{parameters.pool}-{number}", daemon=True).start()

    def submit(self, queue: _Queue, inputs: Mapping[str, NDArray[Any]], rows: int, end: float | None) -> list[_Task]:
        """Queues a request, split if necessary. Errors: ServingError."""
        begun = time.monotonic()
        with self._changed:
            queue.check(rows)
            if not queue.batches:
                self._waiting.append(queue)
            tasks: list[_Task] = []
            at = 0
            while at < rows or not tasks:
                size = rows - at
                if queue.parameters.splitting:
                    size = min(size, queue.room() or queue.parameters.execution)
                whole = size == rows
                part = inputs if whole else {name: value[at : at + size] for name, value in inputs.items()}
                tasks.append(_Task(part, size, end, begun))
                queue.put(tasks[-1])
                at += size
            self._changed.notify()
        return tasks

    def _work(self) -> None:
        while True:
            queue, batch = self._next()
            now = time.monotonic()
            late = [task for task in batch.tasks if task.end is not None and task.end <= now]
            for task in late:
                task.finish(
                    None, error(Code.RESOURCE_EXHAUSTED, "Run() timeout exceeded while waiting in batching queue")
                )
            if tasks := [task for task in batch.tasks if task not in late] if late else batch.tasks:
                try:
                    self._run(queue, tasks, now)
                except Exception as failure:  # one batch must not end the thread
                    known = failure if isinstance(failure, ServingError) else error(Code.INTERNAL, repr(failure))
                    for task in tasks:
                        task.finish(None, known)
            del queue, batch, tasks, late  # an idle thread must not keep an unloaded version alive

    def _next(self) -> tuple[_Queue, _Batch]:
        with self._changed:
            while True:
                soonest: float | None = None
                for _ in range(len(self._waiting)):
                    queue = self._waiting.popleft()
                    left = queue.due() - time.monotonic()
                    if left <= 0:
                        batch = queue.batches.popleft()
                        if queue.batches:
                            self._waiting.append(queue)
                            self._changed.notify()
                        return queue, batch
                    self._waiting.append(queue)
                    soonest = left if soonest is None else min(left, soonest)
                queue = None  # type: ignore[assignment]  # a waiting thread must not keep it alive
                self._changed.wait(soonest)

    def _run(self, queue: _Queue, tasks: Sequence[_Task], now: float) -> None:
        rows = sum(task.rows for task in tasks)
        size = next((allowed for allowed in queue.parameters.allowed if allowed >= rows), rows)
        names = {alias: spec.name for alias, spec in queue.model.signatures[queue.key].inputs.items()}
        inputs = {
            alias: merging.merged([t.inputs[alias] for t in tasks], names[alias], size - rows, queue.parameters.padding)
            for alias in tasks[0].inputs
        }
        ends = [task.end for task in tasks if task.end is not None]
        left = max(ends) - now if len(ends) == len(tasks) else None
        outputs = queue.model.run(queue.key, inputs, queue.outputs, left)
        for value in outputs.values():
            if value.ndim == 0:
                raise error(Code.FAILED_PRECONDITION, "Batched output tensor has 0 dimensions")
            if len(value) != size:
                raise error(
                    Code.FAILED_PRECONDITION,
                    "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the "
                    "input tensors",
                )
        if self._observer:
            self._observer.batch(queue.parameters.pool, now - tasks[0].begun, rows, size, size - rows)
        at = 0
        for task in tasks:
            task.finish({alias: value[at : at + task.rows] for alias, value in outputs.items()})
            at += task.rows


class Batched:
    """A SavedModel whose runs are batched."""

    def __init__(self, model: "SavedModel", scheduler: Scheduler, parameters: Parameters) -> None:
        self._model, self._scheduler, self._parameters = model, scheduler, parameters
        self.signatures, self.definitions = model.signatures, model.definitions
        self.parse, self.warmup_records = model.parse, model.warmup_records
        self._queues: dict[tuple[Any, ...], _Queue] = {}

    def run(
        self,
        signature: str,
        inputs: Mapping[str, NDArray[Any]],
        outputs: Sequence[str] | None = None,
        timeout: float | None = None,
    ) -> Arrays:
        """As SavedModel.run, merged with other requests for the same outputs. Errors: ServingError."""
        rows = merging.count(inputs)
        wanted = tuple(outputs or self.signatures[signature].outputs)
        key = (signature, wanted, *((name, value.dtype) for name, value in inputs.items()))
        queue = self._queues.get(key)
        if queue is None:
            made = _Queue(self._model, signature, wanted, self._parameters)
            queue = self._queues.setdefault(key, made)
        end = None if timeout is None else time.monotonic() + timeout
        tasks = self._scheduler.submit(queue, inputs, rows, end)
        for task in tasks:
            task.done.wait()
            if task.failure:
                raise task.failure
        found = [task.outputs or {} for task in tasks]
        return found[0] if len(found) == 1 else {a: np.concatenate([part[a] for part in found]) for a in wanted}
