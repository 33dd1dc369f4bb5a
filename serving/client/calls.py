"""The calls that a client can make, without sending them: each function makes a request and says how to read its reply.

Both clients have a method of the same name and arguments for each function. Errors: InvalidRequest at once for values
that no message can hold; ServingError when the call is sent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from google.protobuf import text_format
from numpy.typing import ArrayLike, NDArray

from serving.client import reading
from serving.client.replies import Label, Metadata, Prediction, VersionStatus
from serving.protocol import examples as tf_examples
from serving.protocol import protos, signatures, wire
from serving.protocol.errors import Code, error

_PREDICTION = "tensorflow.serving.PredictionService"
_MODEL = "tensorflow.serving.ModelService"
PREDICT, METADATA = f"{_PREDICTION}/Predict", f"{_PREDICTION}/GetModelMetadata"
CLASSIFY, REGRESS = f"{_PREDICTION}/Classify", f"{_PREDICTION}/Regress"
STATUS, RELOAD = f"{_MODEL}/GetModelStatus", f"{_MODEL}/HandleReloadConfigRequest"

T = TypeVar("T")
Version = int | str | None
"""A version: its number, its label, or None for the latest."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request: the method as `package.Service/Method`, the request's bytes, and what parses the reply's bytes.

    `timeout` is in seconds, retries included; None for the client's.
    """

    method: str
    request: bytes
    read: Callable[[bytes], T]
    timeout: float | None = None


def predict(
    model: str,
    inputs: Mapping[str, ArrayLike],
    *,
    signature: str = "serving_default",
    version: Version = None,
    outputs: Sequence[str] = (),
    timeout: float | None = None,
) -> Call[Prediction]:
    """Calls a signature, by default of the latest version.

    Args:
      inputs: by name, with the batch in dimension 0. Arrays keep their type; Python's floats become float32, its
        integers int64.
      version: a number or a label.
      outputs: the names of the outputs to return; empty for all.
    """
    request = protos.PredictRequest(output_filter=outputs, model_spec=_spec(model, version, signature))
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(wire.encode(value))

    def read(data: bytes) -> Prediction:
        found, spec = reading.read(data)
        return Prediction(model, spec.version.value, spec.signature_name, found)

    return Call(PREDICT, request.SerializeToString(), read, timeout)


def classify(
    model: str,
    examples: Sequence[tf_examples.Features | bytes],
    *,
    signature: str = "",
    version: Version = None,
    timeout: float | None = None,
) -> Call[list[list[Label]]]:
    """The classes and scores of each example, in the model's order.

    Args:
      examples: features by name (text, numbers, or lists of them), or serialised tf.Examples.
    """
    request = protos.ClassificationRequest(model_spec=_spec(model, version, signature), input=_examples(examples))

    def read(data: bytes) -> list[list[Label]]:
        result = protos.ClassificationResponse.FromString(data).result
        return [[Label(c.label, c.score) for c in found.classes] for found in result.classifications]

    return Call(CLASSIFY, request.SerializeToString(), read, timeout)


def regress(
    model: str,
    examples: Sequence[tf_examples.Features | bytes],
    *,
    signature: str = "",
    version: Version = None,
    timeout: float | None = None,
) -> Call[NDArray[np.float32]]:
    """The value (N,) of each example; the examples are as for `classify`."""
    request = protos.RegressionRequest(model_spec=_spec(model, version, signature), input=_examples(examples))

    def read(data: bytes) -> NDArray[np.float32]:
        result = protos.RegressionResponse.FromString(data).result
        return np.array([r.value for r in result.regressions], np.float32)

    return Call(REGRESS, request.SerializeToString(), read, timeout)


def metadata(model: str, version: Version = None, *, timeout: float | None = None) -> Call[Metadata]:
    """The signatures of a version, by default the latest; `str()` makes a readable table of them."""
    request = protos.GetModelMetadataRequest(metadata_field=["signature_def"], model_spec=_spec(model, version))

    def read(data: bytes) -> Metadata:
        reply = protos.GetModelMetadataResponse.FromString(data)
        definitions = protos.SignatureDefMap.FromString(reply.metadata["signature_def"].value)
        return Metadata(model, reply.model_spec.version.value, signatures.parse(definitions.signature_def))

    return Call(METADATA, request.SerializeToString(), read, timeout)


def status(model: str, version: int | None = None, *, timeout: float | None = None) -> Call[list[VersionStatus]]:
    """The versions of a model that the server knows, the highest first."""
    request = protos.GetModelStatusRequest(model_spec=_spec(model, version))

    def read(data: bytes) -> list[VersionStatus]:
        states = protos.ModelVersionStatus.DESCRIPTOR.enum_types_by_name["State"].values_by_number
        return [
            VersionStatus(s.version, states[s.state].name, Code(s.status.error_code), s.status.error_message)
            for s in protos.GetModelStatusResponse.FromString(data).model_version_status
        ]

    return Call(STATUS, request.SerializeToString(), read, timeout)


def reload_config(config: "protos.ModelServerConfig | str", *, timeout: float | None = None) -> Call[None]:
    """Replaces the server's models with those of a ModelServerConfig, given as a message or as the text of its file.

    Returns when every new model is available.
    """
    if isinstance(config, str):
        try:
            config = text_format.Parse(config, protos.ModelServerConfig())
        except text_format.ParseError as failure:
            text = f"This is not the text of a ModelServerConfig: {failure}"
            raise error(Code.INVALID_ARGUMENT, text) from None
    request = protos.ReloadConfigRequest(config=config)

    def read(data: bytes) -> None:
        status = protos.ReloadConfigResponse.FromString(data).status
        if status.error_code:
            raise error(status.error_code, status.error_message)

    return Call(RELOAD, request.SerializeToString(), read, timeout)


def _spec(model: str, version: Version, signature: str = "") -> "protos.ModelSpec":
    spec = protos.ModelSpec(name=model, signature_name=signature)
    if isinstance(version, str):
        spec.version_label = version
    elif version is not None:
        spec.version.value = int(version)
    return spec


def _examples(examples: Sequence[tf_examples.Features | bytes]) -> "protos.Input":
    found = protos.Input()
    found.example_list.SetInParent()
    for one in examples:
        message = protos.Example.FromString(one) if isinstance(one, bytes) else tf_examples.example(one)
        found.example_list.examples.append(message)
    return found
