"""TF Serving's RPCs: a request's bytes -> a reply's bytes, or the error that TF Serving would give. No network here."""

import contextlib
import functools
import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.message import DecodeError, Message

from serving.handlers import examples as inference
from serving.handlers import predict as prediction
from serving.handlers.metrics import Monitor
from serving.handlers.request_log import RequestLog
from serving.handlers.served_models import ServedModels
from serving.models.store import Store
from serving.protocol import protos, wire
from serving.protocol.errors import Code, ServingError, error

if TYPE_CHECKING:
    from serving.models.saved_model import SavedModel  # needs TensorFlow; this module does not

DEFAULT_SIGNATURE = "serving_default"
M = TypeVar("M", bound=Message)
if TYPE_CHECKING:
    Request = (
        protos.PredictRequest
        | protos.ClassificationRequest
        | protos.RegressionRequest
        | protos.GetModelMetadataRequest
        | protos.GetModelStatusRequest
    )
Method = Callable[[bytes, float | None], bytes]
"""(request, seconds left or None) -> reply. Errors: ServingError."""


class Service:
    """The RPCs, by full name in `methods`.

    Args:
      models: resolves version labels and reloads; by default there are no labels.
      monitor: counts the requests.
      log: receives every request that succeeded.
      entrypoint: the label under which requests are counted; None if the caller counts them.
      reloads: False if other processes serve on the same port, since a reload reaches only one of them.
      typed: replies in typed fields, as TF Serving's; False for `tensor_content`, which is faster on both sides.
    """

    def __init__(
        self,
        store: Store,
        models: ServedModels | None = None,
        monitor: Monitor | None = None,
        log: RequestLog | None = None,
        *,
        typed: bool = True,
        reloads: bool = True,
        entrypoint: str | None = "GRPC",
    ) -> None:
        self._store, self._typed, self._reloads = store, typed, reloads
        self._monitor, self._log, self._entrypoint = monitor or Monitor(), log, entrypoint
        self._models = models or ServedModels(store)
        self.methods: Mapping[str, Mapping[str, Method]] = {
            "tensorflow.serving.PredictionService": {
                "Predict": self.predict,
                "Classify": self.classify,
                "Regress": self.regress,
                "MultiInference": self.multi_inference,
                "GetModelMetadata": self.get_model_metadata,
            },
            "tensorflow.serving.ModelService": {
                "GetModelStatus": self.get_model_status,
                "HandleReloadConfigRequest": self.reload_config,
            },
        }

    def predict(self, data: bytes, seconds: float | None) -> bytes:
        """PredictRequest -> PredictResponse."""
        end = _end(seconds)
        request = _parsed(protos.PredictRequest, data)
        with self._counted(request, "Predict"):
            version, model = self._timed(_spec(request), "Predict")
            key = _key(request)
            values = prediction.predict(model, key, request, end)
            spec = _spec_field(request.model_spec.name, key, version)
            encode = wire.encode_typed if self._typed else wire.encode_content
            # A map's entry is a message {1: key, 2: value}.
            entries = (_entry(alias, encode(value)) for alias, value in values.items())
            reply = b"".join([*itertools.chain(*entries), spec])
        return self._logged(request.model_spec.name, "predict_log", data, reply)

    def classify(self, data: bytes, seconds: float | None) -> bytes:
        """ClassificationRequest -> ClassificationResponse."""
        request = _parsed(protos.ClassificationRequest, data)
        with self._counted(request, "Classify"):
            reply = self._infer("Classify", inference.classify, request, protos.ClassificationResponse(), seconds)
        return self._logged(request.model_spec.name, "classify_log", data, reply)

    def regress(self, data: bytes, seconds: float | None) -> bytes:
        """RegressionRequest -> RegressionResponse."""
        request = _parsed(protos.RegressionRequest, data)
        with self._counted(request, "Regress"):
            reply = self._infer("Regress", inference.regress, request, protos.RegressionResponse(), seconds)
        return self._logged(request.model_spec.name, "regress_log", data, reply)

    def _infer(self, api: str, method: Callable[..., Any], request: Any, reply: Any, seconds: float | None) -> bytes:
        end = _end(seconds)
        version, model = self._timed(_spec(request), api)
        key = _key(request)
        rows = inference.examples(request)
        reply.result.CopyFrom(method(model, key, rows, end))
        self._monitor.examples(request.model_spec.name, len(rows))
        reply.model_spec.CopyFrom(_served(request.model_spec.name, key, version))
        return bytes(reply.SerializeToString())

    def multi_inference(self, data: bytes, seconds: float | None) -> bytes:
        """MultiInferenceRequest -> MultiInferenceResponse: one task after the other, on the same examples."""
        end = _end(seconds)
        request = _parsed(protos.MultiInferenceRequest, data)
        if not request.tasks:
            raise error(Code.INVALID_ARGUMENT, "Missing ModelSpec")
        version, model = self._timed(_spec(request.tasks[0]), "MultiInference")
        reply = multi_inference(model, request, version, end)
        return self._logged(request.tasks[0].model_spec.name, "multi_inference_log", data, reply)

    def get_model_metadata(self, data: bytes, seconds: float | None) -> bytes:
        """GetModelMetadataRequest -> GetModelMetadataResponse with every signature, including the initialiser's."""
        request = _parsed(protos.GetModelMetadataRequest, data)
        _spec(request)
        if not request.metadata_field:
            text = "GetModelMetadataRequest must specify at least one metadata_field"
            raise error(Code.INVALID_ARGUMENT, text)
        for name in request.metadata_field:
            if name != "signature_def":
                raise error(Code.INVALID_ARGUMENT, f"Metadata field {name} is not supported")
        version, model = self._find(_spec(request))
        reply = protos.GetModelMetadataResponse()
        reply.model_spec.name = request.model_spec.name
        reply.model_spec.version.value = version
        reply.metadata["signature_def"].Pack(protos.SignatureDefMap(signature_def=model.definitions))
        return reply.SerializeToString()

    def get_model_status(self, data: bytes, seconds: float | None) -> bytes:
        """GetModelStatusRequest -> GetModelStatusResponse, the highest version first; labels are ignored."""
        request = _parsed(protos.GetModelStatusRequest, data)
        spec = _spec(request)
        wanted = spec.version.value if spec.WhichOneof("version_choice") == "version" else None
        found = [s for s in self._store.statuses(spec.name) if wanted in (None, s.version)]
        if not found:
            what = "any versions" if wanted is None else f"version {wanted}"
            raise error(Code.NOT_FOUND, f"Could not find {what} of model {spec.name}")
        reply = protos.GetModelStatusResponse()
        for status in found:
            row = reply.model_version_status.add(version=status.version, state=int(status.state))
            row.status.error_code, row.status.error_message = int(status.code), status.message
        return reply.SerializeToString()

    def reload_config(self, data: bytes, seconds: float | None) -> bytes:
        """ReloadConfigRequest -> ReloadConfigResponse: serves the models listed, and no others."""
        request = _parsed(protos.ReloadConfigRequest, data)
        if not self._reloads:
            text = "A reload would reach only one of this server's workers. Start with"
            repair = "--model_config_file_poll_wait_seconds=5 and change the file of --model_config_file instead."
            raise error(Code.FAILED_PRECONDITION, f"{text} {repair}")
        before = {name: self._monitor.metric(name) for name in request.metric_names}
        self._models.reload(request.config)
        reply = protos.ReloadConfigResponse()
        reply.status.SetInParent()
        for name, count in before.items():
            reply.metric.add(name=name, int64_value_increase=self._monitor.metric(name) - count)
        return reply.SerializeToString()

    def find(self, name: str, version: int | None = None, label: str | None = None) -> "tuple[int, SavedModel]":
        """The given version, or the latest available one. Errors: InvalidRequest, NotFound."""
        if not name:
            raise error(Code.INVALID_ARGUMENT, "ModelSpec has no name specified.")
        return self._store.get(name, version if label is None else self._models.labelled(name, label))

    def _find(self, spec: "protos.ModelSpec") -> "tuple[int, SavedModel]":
        choice = spec.WhichOneof("version_choice")
        version = spec.version.value if choice == "version" else None
        return self.find(spec.name, version, spec.version_label if choice == "version_label" else None)

    def _timed(self, spec: "protos.ModelSpec", api: str) -> tuple[int, Any]:
        version, model = self._find(spec)
        return version, inference.Timed(model, lambda seconds: self._monitor.runtime(spec.name, api, seconds))

    def _logged(self, model: str, kind: str, request: bytes, reply: bytes) -> bytes:
        if self._log:
            self._log.offer(model, kind, request, reply)
        return reply

    @contextlib.contextmanager
    def _counted(self, request: "Request", api: str) -> Iterator[None]:
        begun, code = time.monotonic(), Code.OK
        try:
            yield
        except ServingError as failure:
            code = failure.code
            raise
        finally:
            if self._entrypoint:
                seconds = time.monotonic() - begun
                self._monitor.request(request.model_spec.name, api, self._entrypoint, code, seconds)


def multi_inference(
    model: "SavedModel", request: "protos.MultiInferenceRequest", version: int | None, end: float | None
) -> bytes:
    """MultiInferenceRequest -> the bytes of its response. A warm-up has no version."""
    inference.check_tasks(model, request.tasks)
    rows = inference.examples(request)
    reply = protos.MultiInferenceResponse()
    for task in request.tasks:
        method, field = inference.METHODS[task.method_name]
        result = reply.results.add()
        key = _key(task)
        getattr(result, field).CopyFrom(method(model, key, rows, end))
        result.model_spec.CopyFrom(_served(task.model_spec.name, key, version))
    return bytes(reply.SerializeToString())


def warm_up(model: "SavedModel", repeats: int = 1) -> int:
    """Runs each of a version's warm-up requests `repeats` times; returns how many requests there are.

    Errors: ServingError of the first that fails, which makes the load fail.
    """
    records = model.warmup_records()
    for record in records:
        kind = record.WhichOneof("log_type")
        if kind not in _WARMUPS:
            number = protos.PredictionLog.DESCRIPTOR.fields_by_name[kind].number if kind else 0
            raise error(Code.UNIMPLEMENTED, f"Unsupported log_type for warmup: {number}")
        for _ in range(repeats):
            _WARMUPS[kind](model, getattr(record, kind).request)
    return len(records)


def _key(request: "Request | protos.InferenceTask") -> str:
    return request.model_spec.signature_name or DEFAULT_SIGNATURE


_WARMUPS: Mapping[str, Callable[["SavedModel", Any], Any]] = {
    "predict_log": lambda model, request: prediction.predict(model, _key(request), request, None),
    "classify_log": lambda model, request: inference.classify(model, _key(request), inference.examples(request), None),
    "regress_log": lambda model, request: inference.regress(model, _key(request), inference.examples(request), None),
    "multi_inference_log": lambda model, request: multi_inference(model, request, None, None),
}
"""Kind of PredictionLog -> the function that runs its request."""


def _end(seconds: float | None) -> float | None:
    return None if seconds is None else time.monotonic() + seconds


def _served(name: str, signature: str, version: int | None) -> "protos.ModelSpec":
    """A reply's ModelSpec: the resolved signature and the version that answered, never the label."""
    made = protos.ModelSpec(name=name, signature_name=signature)
    if version is not None:
        made.version.value = version
    return made


@functools.lru_cache(maxsize=1024)
def _spec_field(name: str, signature: str, version: int) -> bytes:
    """The model_spec of a PredictResponse."""
    return b"".join(wire.field(b"\x12", [_served(name, signature, version).SerializeToString()]))


def _spec(request: "Request | protos.InferenceTask") -> "protos.ModelSpec":
    if not request.HasField("model_spec"):
        raise error(Code.INVALID_ARGUMENT, "Missing ModelSpec")
    return request.model_spec


def _parsed(kind: type[M], data: bytes) -> M:
    try:
        return kind.FromString(data)
    except DecodeError:
        raise error(Code.INTERNAL, "Exception deserializing request!") from None


def _entry(key: str, tensor: wire.Parts) -> wire.Parts:
    return wire.field(b"\x0a", wire.field(b"\x0a", [key.encode()]) + wire.field(b"\x12", tensor))
