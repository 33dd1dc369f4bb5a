"""The request log: requests and replies, sampled into TFRecords of PredictionLog by a model's LoggingConfig.

TF Serving's binary has no collector. This one writes PREFIX-00000.tfrecord and so on, each with at most as many records
as a warm-up file may have, so that a copy at VERSION/assets.extra/tf_serving_warmup_requests is a warm-up file.
"""

import logging
import queue
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from serving.handlers.metrics import Monitor
from serving.protocol import protos, records, wire
from serving.protocol.errors import Code, OptionError

log = logging.getLogger("serving")

MAX_RECORDS = 1000
"""Records in a file, as in TF Serving's warm-up files."""

WAITING = 1000
"""Records that may wait for the disk; further requests are not logged, and counted as RESOURCE_EXHAUSTED."""


@dataclass(frozen=True)
class _Plan:
    prefix: Path
    rate: float


class RequestLog:
    """Writes sampled requests in a separate thread, so that no request waits for the disk.

    Args:
      monitor: counts the records written.
      seed: seed of the sampling.
    """

    def __init__(self, monitor: Monitor, seed: int = 0) -> None:
        self._monitor, self._random = monitor, random.Random(seed)
        self._plans: Mapping[str, _Plan] = {}
        self._files: dict[Path, tuple[int, int]] = {}  # prefix -> number of the file, records in it
        self._queue: queue.Queue[tuple[str, Path, bytes] | None] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None

    def configure(self, configs: Mapping[str, "protos.LoggingConfig"]) -> None:
        """Replaces the LoggingConfigs by model. Errors: OptionError."""
        self._plans = {model: _plan(model, config) for model, config in configs.items()}
        if self._plans and self._thread is None:
            self._thread = threading.Thread(target=self._write, name="request-log", daemon=True)
            self._thread.start()

    def offer(self, model: str, kind: str, request: bytes, response: bytes) -> None:
        """Logs a successful request, if it is sampled; `kind` is a field of PredictionLog, as in predict_log."""
        plan = self._plans.get(model)
        if plan is None or self._random.random() >= plan.rate:
            return
        try:
            self._queue.put_nowait((model, plan.prefix, record(kind, request, response, plan.rate)))
        except queue.Full:
            self._monitor.logged(model, Code.RESOURCE_EXHAUSTED)

    def close(self) -> None:
        """Returns when all sampled requests are on the disk."""
        if self._thread:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _write(self) -> None:
        while item := self._queue.get():
            model, prefix, data = item
            try:
                with self._next(prefix).open("ab") as file:
                    records.write(file, [data])
            except OSError as failure:
                log.error("the request log %s cannot be written: %s", prefix, failure)
                self._monitor.logged(model, Code.UNAVAILABLE)
            else:
                self._monitor.logged(model, Code.OK)

    def _next(self, prefix: Path) -> Path:
        """The file of the next record; files of an earlier process are not touched."""
        number, held = self._files.get(prefix, (-1, MAX_RECORDS))
        if held == MAX_RECORDS:
            number, held = number + 1, 0
            while _file(prefix, number).exists():
                number += 1
            prefix.parent.mkdir(parents=True, exist_ok=True)
        self._files[prefix] = (number, held + 1)
        return _file(prefix, number)


def record(kind: str, request: bytes, response: bytes, rate: float) -> bytes:
    """The bytes of a PredictionLog; the request's and response's bytes are copied into it unparsed."""
    number = protos.PredictionLog.DESCRIPTOR.fields_by_name[kind].number
    metadata = protos.LogMetadata()
    metadata.sampling_config.sampling_rate = rate
    both = wire.field(b"\x0a", [request]) + wire.field(b"\x12", [response])
    kept = wire.field(b"\x0a", [metadata.SerializeToString()]) + wire.field(wire.varint(number << 3 | 2), both)
    return b"".join(kept)


def _plan(model: str, config: "protos.LoggingConfig") -> _Plan:
    prefix, rate = config.log_collector_config.filename_prefix, config.sampling_config.sampling_rate
    if not prefix or not Path(prefix).is_absolute():
        raise OptionError(
            f"The logging_config of model {model} needs an absolute filename_prefix in its log_collector_config; "
            f"received {prefix!r}."
        )
    if not 0 <= rate <= 1:
        raise OptionError(f"The sampling_rate of model {model} must be from 0 to 1; received {rate}.")
    return _Plan(Path(prefix), rate)


def _file(prefix: Path, number: int) -> Path:
    return prefix.with_name(f"{prefix.name}-{number:05d}.tfrecord")
