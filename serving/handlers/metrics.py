"""Prometheus metrics under TF Serving's names, so that its dashboards work with this server too.

A name is TF Serving's with every character outside [a-zA-Z0-9_] replaced by a colon. Latencies are in microseconds.
One difference is deliberate: clients choose the model names in requests, and each would be a time series for ever. At
most MAX_NAMES names of models that are not loaded get their own series; the others are counted as OTHER.
"""

import json
import re
import threading
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from serving.protocol.errors import Code

PATH = "/monitoring/prometheus/metrics"
MAX_NAMES = 100
OTHER = "(other)"

_LATENCY = [10 * 1.8**k for k in range(33)]
_COUNTS = [2.0**k for k in range(15)]

Labels = tuple[str, ...]


@dataclass
class _Family:
    """The series of one metric by label values: a number, or the counts of the buckets followed by the sum."""

    name: str
    labels: Sequence[str]
    bounds: Sequence[float] | None = None
    kind: str = "counter"
    series: dict[Labels, list[float]] = field(default_factory=dict)

    def add(self, labels: Labels, value: float = 1) -> None:
        series = self.series.get(labels)
        if series is None:
            series = self.series[labels] = [0] if self.bounds is None else [0] * (len(self.bounds) + 2)
        if self.bounds is None:
            series[0] += value
        else:
            series[bisect_left(self.bounds, value)] += 1
            series[-1] += value

    def merge(self, labels: Labels, values: Sequence[float]) -> None:
        """Adds another process's series."""
        own = self.series.get(labels, [0] * len(values))
        self.series[labels] = [a + b for a, b in zip(own, values, strict=True)]

    def lines(self) -> list[str]:
        """The lines of Prometheus' text format."""
        name = re.sub(r"[^a-zA-Z0-9_]", ":", self.name)
        lines = [f"# TYPE {name} {self.kind if self.bounds is None else 'histogram'}"]
        for values, series in sorted(self.series.items()):
            pairs = [f'{label}="{_escaped(value)}"' for label, value in zip(self.labels, values, strict=True)]
            inside = "{" + ",".join(pairs) + "}"
            if self.bounds is None:
                lines.append(f"{name}{inside} {series[0]}")
                continue
            below: float = 0
            for bound, count in zip([*self.bounds, float("inf")], series, strict=False):
                below += count
                edge = "+Inf" if bound == float("inf") else f"{bound:g}"
                within = ",".join([*pairs, f'le="{edge}"'])
                lines.append(f"{name}_bucket{{{within}}} {below}")
            lines += [f"{name}_sum{inside} {series[-1]}", f"{name}_count{inside} {below}"]
        return lines


class Monitor:
    """A server's counters; safe to share between threads; about two microseconds for a request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: set[str] = set()
        self._others: set[str] = set()
        serving = "/tensorflow/serving/"
        self._requests = _Family(f"{serving}request_count", ("model_name", "status"))
        self._latency = _Family(f"{serving}request_latency", ("model_name", "API", "entrypoint"), _LATENCY)
        self._runtime = _Family(f"{serving}runtime_latency", ("model_name", "API", "runtime"), _LATENCY)
        self._warmups = _Family(f"{serving}model_warmup_latency", ("model_path", "status"), _LATENCY)
        self._records = _Family(f"{serving}model_warmup_records_read", ("model_path", "status"))
        self._examples = _Family(f"{serving}request_example_counts", ("model",), _COUNTS)
        self._total = _Family(f"{serving}request_example_count_total", ("model",))
        self._queued = _Family(f"{serving}batching_session/queuing_latency", ("thread_pool_name",), _LATENCY)
        self._runs = _Family(f"{serving}batching_session/wrapped_run_count", ())
        self._inputs = _Family(f"{serving}batching_session/input_batch_size", (), _COUNTS)
        self._batches = _Family(f"{serving}batching_session/processed_batch_size", (), _COUNTS)
        self._padding = _Family(f"{serving}batching_session/padding_size", ("execution_batch_size",), [0.0, *_COUNTS])
        self._logs = _Family(f"{serving}request_log_count", ("model_name", "status_code"))
        self._loads = _Family("/tensorflow/cc/saved_model/load_attempt_count", ("model_path", "status"))
        self._mlmd = _Family(f"{serving}mlmd_map", ("model_name", "version"), kind="gauge")
        self._families = [v for v in vars(self).values() if isinstance(v, _Family)]

    def request(self, model: str, api: str, entrypoint: str, code: Code, seconds: float) -> None:
        """A request was answered. `api` is Predict over gRPC and predict over REST; only successes have a latency."""
        with self._lock:
            if model not in self._loaded:
                model = self._known(model)
            self._requests.add((model, code._name_))
            if code == Code.OK:
                self._latency.add((model, api, entrypoint), seconds * 1e6)

    def runtime(self, model: str, api: str, seconds: float) -> None:
        """The model ran for this many seconds."""
        with self._lock:
            self._runtime.add((model, api, "TF1"), seconds * 1e6)

    def warmup(self, path: str, code: Code, seconds: float, records: int) -> None:
        """The warm-up requests of a version's folder were run."""
        with self._lock:
            self._warmups.add((path, code.name), seconds * 1e6)
            self._records.add((path, code.name), records)

    def examples(self, model: str, count: int) -> None:
        """A request of Classify, Regress or MultiInference had this many examples."""
        with self._lock:
            self._examples.add((model,), count)
            self._total.add((model,), count)

    def batch(self, pool: str, queued_seconds: float, input_size: int, processed_size: int, padding: int) -> None:
        """A batch ran; see serving.models.observer."""
        with self._lock:
            self._queued.add((pool,), queued_seconds * 1e6)
            self._runs.add(())
            self._inputs.add((), input_size)
            self._batches.add((), processed_size)
            self._padding.add((str(processed_size),), padding)

    def loaded(self, model: str, path: str, code: Code = Code.OK) -> None:
        """A version's folder was loaded, or failed to. If it has an ML Metadata identifier, it is in mlmd_map, as 0."""
        folder = Path(path)
        known = code == Code.OK and (folder / "assets.extra" / "mlmd_uuid").is_file()
        with self._lock:
            self._loaded.add(model)
            self._loads.add((path, code.name))
            if known:
                self._mlmd.add((model, folder.name), 0)

    def logged(self, model: str, code: Code) -> None:
        """A sampled request was written to its log, or failed to be."""
        with self._lock:
            self._logs.add((model, code.name))

    def metric(self, name: str) -> int:
        """The first series of a counter by its name, as in /tensorflow/serving/request_count; 0 if there is none.

        The reply of HandleReloadConfigRequest has the increase of these.
        """
        with self._lock:
            for family in self._families:
                if family.name == name and family.bounds is None and family.series:
                    return int(family.series[min(family.series)][0])
        return 0

    def snapshot(self) -> bytes:
        """All metrics, for the `text` of another process."""
        with self._lock:
            return json.dumps({family.name: list(family.series.items()) for family in self._families}).encode()

    def text(self, others: Iterable[bytes] = ()) -> str:
        """All metrics in Prometheus' text format, without HELP lines, as TF Serving writes them.

        The snapshots of other processes are added.
        """
        families = {family.name: replace(family, series={}) for family in self._families}
        for data in (self.snapshot(), *others):
            for name, series in json.loads(data).items():
                for labels, values in series:
                    families[name].merge(tuple(labels), values)
        return "".join(f"{line}\n" for family in families.values() if family.series for line in family.lines())

    def _known(self, model: str) -> str:
        if model in self._others:
            return model
        if len(self._others) == MAX_NAMES or len(model) > MAX_NAMES:
            return OTHER
        self._others.add(model)
        return model


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
