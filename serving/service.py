"""TF Serving's rules: a request's bytes -> a reply's bytes, or the error that TF Serving would give.

No network here: `serving.server` carries the bytes, and a test can call these functions.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import DecodeError

from serving import protos, wire
from serving.engine import SavedModel
from serving.errors import Code, error
from serving.signatures import Signature
from serving.store import Store

DEFAULT_SIGNATURE = "serving_default"
Method = Callable[[bytes, float | None], bytes]
"""(request, seconds left or None) -> reply. Errors: ServingError."""


class Service:
    """The RPCs, by full name in `methods`.

    Args:
      typed: replies in typed fields, as TF Serving's are; False for `tensor_content`, smaller work for all.
    """

    def __init__(self, store: Store, *, typed: bool = True) -> None:
        self._store, self._typed = store, typed
        self.methods: Mapping[str, Mapping[str, Method]] = {
            "tensorflow.serving.PredictionService": {
                "Predict": self.predict,
                "GetModelMetadata": self.get_model_metadata,
            },
            "tensorflow.serving.ModelService": {"GetModelStatus": self.get_model_status},
        }

    def predict(self, data: bytes, seconds: float | None) -> bytes:
        """PredictRequest -> PredictResponse."""
        end = None if seconds is None else time.monotonic() + seconds
        request = _parsed(protos.PredictRequest, data)
        version, model = self._find(request)
        key = request.model_spec.signature_name or DEFAULT_SIGNATURE
        outputs = predict(model, key, request, end)
        spec = protos.ModelSpec(name=request.model_spec.name, signature_name=key)
        spec.version.value = version
        encode = wire.encode_typed if self._typed else wire.encode_content
        # A map's entry is a message {1: key, 2: value}; written by hand, a large tensor is copied once.
        entries = [_entry(alias, encode(value)) for alias, value in outputs.items()]
        return b"".join([*entries, wire.field(b"\x12", spec.SerializeToString())])

    def get_model_metadata(self, data: bytes, seconds: float | None) -> bytes:
        """GetModelMetadataRequest -> GetModelMetadataResponse, with every signature, the initialiser's too."""
        request = _parsed(protos.GetModelMetadataRequest, data)
        _spec(request)
        if not request.metadata_field:
            text = "GetModelMetadataRequest must specify at least one metadata_field"
            raise error(Code.INVALID_ARGUMENT, text)
        for name in request.metadata_field:
            if name != "signature_def":
                raise error(Code.INVALID_ARGUMENT, f"Metadata field {name} is not supported")
        version, model = self._find(request)
        reply = protos.GetModelMetadataResponse()
        reply.model_spec.name = request.model_spec.name
        reply.model_spec.version.value = version
        reply.metadata["signature_def"].Pack(protos.SignatureDefMap(signature_def=model.definitions))
        return reply.SerializeToString()

    def get_model_status(self, data: bytes, seconds: float | None) -> bytes:
        """GetModelStatusRequest -> GetModelStatusResponse, the highest version first; labels are ignored."""
        request = _parsed(protos.GetModelStatusRequest, data)
        spec = _spec(request)
        asked = spec.version.value if spec.WhichOneof("version_choice") == "version" else None
        found = [s for s in self._store.statuses(spec.name) if asked in (None, s.version)]
        if not found:
            what = "any versions" if asked is None else f"version {asked}"
            raise error(Code.NOT_FOUND, f"Could not find {what} of model {spec.name}")
        reply = protos.GetModelStatusResponse()
        for status in found:
            row = reply.model_version_status.add(version=status.version, state=int(status.state))
            row.status.error_code, row.status.error_message = int(status.code), status.message
        return reply.SerializeToString()

    def _find(self, request: Any) -> tuple[int, SavedModel]:
        """The version that a ModelSpec means; labels are known once a config file can set them."""
        spec = _spec(request)
        if not spec.name:
            raise error(Code.INVALID_ARGUMENT, "ModelSpec has no name specified.")
        choice = spec.WhichOneof("version_choice")
        if choice == "version_label":
            raise error(Code.INVALID_ARGUMENT, f"Unrecognized servable version label: {spec.version_label}")
        return self._store.get(spec.name, spec.version.value if choice == "version" else None)


def warm_up(model: SavedModel) -> None:
    """Answers a version's warm-up requests. Errors: ServingError of the first that fails, which fails the load."""
    for record in model.warmup_records():
        kind = record.WhichOneof("log_type")
        if kind != "predict_log":
            number = protos.PredictionLog.DESCRIPTOR.fields_by_name[kind].number if kind else 0
            raise error(Code.UNIMPLEMENTED, f"Unsupported log_type for warmup: {number}")
        request = record.predict_log.request
        predict(model, request.model_spec.signature_name or DEFAULT_SIGNATURE, request, None)


def predict(model: SavedModel, key: str, request: Any, end: float | None) -> dict[str, Any]:
    """Checks a PredictRequest in TF Serving's order, and runs it. `end` is a time.monotonic."""
    if key not in model.signatures:
        raise error(Code.FAILED_PRECONDITION, f'Serving signature key "{key}" not found.')
    signature = model.signatures[key]
    inputs = _inputs(model, signature, request)
    wanted = _outputs(signature, request)
    left = None if end is None else end - time.monotonic()
    if left is not None and left <= 0:
        # A deliberate difference: TF Serving would run it for nobody.
        raise error(Code.DEADLINE_EXCEEDED, "The deadline passed before the request was run.")
    return model.run(key, inputs, wanted, left)


def _inputs(model: SavedModel, signature: Signature, request: Any) -> dict[str, Any]:
    sent, known, defaults = set(request.inputs), set(signature.inputs), signature.defaults
    if len(sent) > len(known) or (len(sent) < len(known) and not defaults):
        raise error(
            Code.INVALID_ARGUMENT,
            f"input size does not match signature: {len(sent)}!={len(known)} len({_set(sent)}) != len({_set(known)}). "
            f"Sent extra: {_set(sent - known)}. Missing but required: {_set(known - sent)}.",
        )
    inputs = {}
    for alias, spec in signature.inputs.items():
        if alias not in sent and alias not in defaults:
            raise error(
                Code.INVALID_ARGUMENT,
                f"Signature input alias: {alias}(feed name: {spec.name}) not found in request and no default value "
                f"provided. Inputs expected to be in the request {_set(sent)}, or default input alias "
                f"set: {_names(set(defaults))}",
            )
        value = model.parse(request.inputs[alias] if alias in sent else defaults[alias])
        if value is None:
            raise error(Code.INVALID_ARGUMENT, f"tensor parsing error: {alias}")
        inputs[alias] = value
    if sent - known:
        used = _names(sent & known)
        text = f"Inputs contains invalid name. Used request inputs: {used}, request input: {_names(sent)}"
        raise error(Code.INVALID_ARGUMENT, text)
    return inputs


def _outputs(signature: Signature, request: Any) -> list[str]:
    wanted = list(request.output_filter)
    for place, alias in enumerate(wanted):
        if alias not in signature.outputs:
            raise error(
                Code.INVALID_ARGUMENT,
                f"output tensor alias not found in signature: {alias} Outputs expected to be in the set "
                f"{_set(set(signature.outputs))}.",
            )
        if alias in wanted[:place]:
            raise error(Code.INVALID_ARGUMENT, f"duplicate output tensor alias: {alias}")
    return wanted or list(signature.outputs)


def _names(names: set[str]) -> str:
    return ",".join(sorted(names))


def _set(names: set[str]) -> str:
    return "{" + _names(names) + "}"


def _spec(request: Any) -> Any:
    if not request.HasField("model_spec"):
        raise error(Code.INVALID_ARGUMENT, "Missing ModelSpec")
    return request.model_spec


def _parsed(kind: Any, data: bytes) -> Any:
    try:
        return kind.FromString(data)
    except DecodeError:
        raise error(Code.INTERNAL, "Exception deserializing request!") from None


def _entry(key: str, tensor: bytes) -> bytes:
    return wire.field(b"\x0a", wire.field(b"\x0a", key.encode()) + wire.field(b"\x12", tensor))
