"""TF Serving's REST API without a network: (method, path, body) -> (HTTP status, JSON), over the server's own RPCs."""

import json
import logging
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from google.protobuf import json_format
from google.protobuf.message import Message

from serving.handlers.metrics import Monitor
from serving.handlers.service import DEFAULT_SIGNATURE, Service
from serving.protocol import protos, wire
from serving.protocol.errors import Code, ServingError, error
from serving.server.rest import replies, requests

log = logging.getLogger("serving")

_STATUS = {
    Code.OK: 200,
    Code.INVALID_ARGUMENT: 400,
    Code.FAILED_PRECONDITION: 400,
    Code.OUT_OF_RANGE: 400,
    Code.UNAUTHENTICATED: 401,
    Code.PERMISSION_DENIED: 403,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.ABORTED: 409,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.CANCELLED: 499,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
    Code.DEADLINE_EXCEEDED: 504,
}
"""All other codes are faults of the server: 500."""

_CHOICE = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_PATHS = {
    "POST": re.compile(rf"/v1/models/(?P<name>[^/:]+){_CHOICE}:(?P<call>classify|regress|predict)", re.I | re.A),
    "GET": re.compile(rf"/v1/models(?:/(?P<name>[^/:]+))?{_CHOICE}(?:/(?P<call>metadata))?", re.I | re.A),
}


@dataclass(frozen=True)
class _Call:
    """A parsed path: predict, classify, regress, metadata or status, and the ModelSpec."""

    name: str
    spec: "protos.ModelSpec"


class Api:
    """The paths below /v1/."""

    def __init__(self, service: Service, monitor: Monitor) -> None:
        self._service, self._monitor = service, monitor
        self._calls = {
            "predict": self._predict,
            "classify": self._classify,
            "regress": self._regress,
            "metadata": self._metadata,
            "status": self._model_status,
        }

    def answer(self, method: str, path: str, body: bytes, end: float) -> tuple[int, bytes]:
        """The reply to a request. `path` is not decoded; `end` is the deadline in time.monotonic."""
        began = time.monotonic()
        call, code = None, Code.OK
        try:
            call = _parsed(method, path)
            reply = self._calls[call.name](call.spec, body, end - began)
        except ServingError as failure:
            code, reply = failure.code, failed(failure.message)
        except Exception as failure:
            log.exception("unhandled exception in a request")
            code, reply = Code.INTERNAL, failed(f"{type(failure).__name__}: {failure}")
        if call:
            self._monitor.request(call.spec.name, call.name, "REST", code, time.monotonic() - began)
        return _STATUS.get(code, 500), reply

    def _predict(self, spec: "protos.ModelSpec", body: bytes, seconds: float) -> bytes:
        document = requests.parse(body)
        key = requests.signature_name(document) or DEFAULT_SIGNATURE
        _, model = self._service.find(spec.name, *_choice(spec))
        if key not in model.signatures:
            raise error(Code.INVALID_ARGUMENT, f'Serving signature name: "{key}" not found in signature def')
        values, rows = requests.inputs(document, model.signatures[key])
        request = protos.PredictRequest(model_spec=spec)
        request.model_spec.signature_name = key
        for alias, value in values.items():
            request.inputs[alias].CopyFrom(wire.encode(value))
        reply = protos.PredictResponse.FromString(self._service.predict(request.SerializeToString(), seconds))
        outputs = {alias: wire.decode(value) for alias, value in sorted(reply.outputs.items())}
        return replies.outputs(outputs, rows=rows)

    def _classify(self, spec: "protos.ModelSpec", body: bytes, seconds: float) -> bytes:
        request = _examples_request(protos.ClassificationRequest, spec, body)
        reply = protos.ClassificationResponse.FromString(self._service.classify(request, seconds))
        rows = ([(c.label, c.score) for c in row.classes] for row in reply.result.classifications)
        return replies.results(rows)

    def _regress(self, spec: "protos.ModelSpec", body: bytes, seconds: float) -> bytes:
        request = _examples_request(protos.RegressionRequest, spec, body)
        reply = protos.RegressionResponse.FromString(self._service.regress(request, seconds))
        return replies.results(row.value for row in reply.result.regressions)

    def _metadata(self, spec: "protos.ModelSpec", body: bytes, seconds: float) -> bytes:
        request = protos.GetModelMetadataRequest(model_spec=spec, metadata_field=["signature_def"])
        data = self._service.get_model_metadata(request.SerializeToString(), seconds)
        reply = protos.GetModelMetadataResponse.FromString(data)
        signatures = protos.SignatureDefMap.FromString(reply.metadata["signature_def"].value)
        document = {"model_spec": _plain(reply.model_spec), "metadata": {"signature_def": _plain(signatures)}}
        return json.dumps(document, indent=1).encode()

    def _model_status(self, spec: "protos.ModelSpec", body: bytes, seconds: float) -> bytes:
        request = protos.GetModelStatusRequest(model_spec=spec).SerializeToString()
        reply = protos.GetModelStatusResponse.FromString(self._service.get_model_status(request, seconds))
        return json.dumps(_plain(reply), indent=1).encode()


def failed(message: str) -> bytes:
    """The body of an error."""
    return json.dumps({"error": message}).encode()


def _parsed(method: str, path: str) -> _Call:
    found = _PATHS[method].fullmatch(path) if method in _PATHS else None
    if found is None:
        raise error(Code.INVALID_ARGUMENT, f"Malformed request: {method} {path}")
    if found["name"] is None:
        raise error(Code.INVALID_ARGUMENT, "Missing model name in request.")
    spec = protos.ModelSpec(name=unquote(found["name"]))
    if found["version"] is not None:
        if int(found["version"][:20]) >= 2**63 or len(found["version"]) > 20:
            raise error(Code.INVALID_ARGUMENT, f"Failed to convert version: {found['version']} to numeric.")
        spec.version.value = int(found["version"])
    if found["label"] is not None:
        spec.version_label = unquote(found["label"])
    return _Call((found["call"] or "status").lower(), spec)


def _choice(spec: "protos.ModelSpec") -> tuple[int | None, str | None]:
    """The version and the label that a ModelSpec names."""
    choice = spec.WhichOneof("version_choice")
    return spec.version.value if choice == "version" else None, spec.version_label or None


def _examples_request(kind: Any, spec: "protos.ModelSpec", body: bytes) -> bytes:
    document = requests.parse(body)
    request = kind(model_spec=spec, input=requests.examples(document))
    request.model_spec.signature_name = requests.signature_name(document)
    return bytes(request.SerializeToString())


def _plain(message: Message) -> dict[str, Any]:
    """A message as JSON: the fields' own names, defaults written, int64 as text."""
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
