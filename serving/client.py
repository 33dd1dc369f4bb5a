"""A client of TF Serving's gRPC API, ours or the real one's. numpy in, numpy out, no TensorFlow."""

import abc
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, final

import grpc
import numpy as np
from numpy.typing import ArrayLike, NDArray

from serving import protos, signatures, wire
from serving.errors import Code, NotFound, ServingError, Unavailable, error
from serving.signatures import Signature

PREDICT = "tensorflow.serving.PredictionService/Predict"
METADATA = "tensorflow.serving.PredictionService/GetModelMetadata"
STATUS = "tensorflow.serving.ModelService/GetModelStatus"


class Transport(abc.ABC):
    """Where the wire begins: whoever carries a request and brings the reply. A test may put a double here."""

    @abc.abstractmethod
    def call(self, method: str, request: bytes, timeout: float) -> bytes:
        """One call of `package.Service/Method`. Errors: ServingError."""

    @abc.abstractmethod
    def close(self) -> None:
        """Lets go of whatever was opened."""


@final
class GrpcTransport(Transport):
    """A gRPC channel. A call that finds nobody (UNAVAILABLE) is tried `retries` times more, later each time."""

    def __init__(self, address: str, retries: int) -> None:
        self._address = address
        policy = {
            "maxAttempts": min(5, retries + 1),
            "initialBackoff": "0.2s",
            "maxBackoff": "2s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE"],
        }
        method: dict[str, Any] = {"name": [{}], **({"retryPolicy": policy} if retries else {})}
        options = [
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
            ("grpc.initial_reconnect_backoff_ms", 200),
            ("grpc.min_reconnect_backoff_ms", 200),
            ("grpc.per_rpc_retry_buffer_size", 2**31 - 1),  # larger requests (default: 256 KiB) are not tried again
            ("grpc.service_config", json.dumps({"methodConfig": [method]})),
        ]
        self._channel = grpc.insecure_channel(address, options)
        self._calls: dict[str, Callable[..., bytes]] = {}

    def call(self, method: str, request: bytes, timeout: float) -> bytes:
        """See Transport."""
        if method not in self._calls:
            self._calls[method] = self._channel.unary_unary(f"/{method}")
        try:
            return self._calls[method](request, timeout=timeout)
        except grpc.RpcError as failure:
            raise self._told(failure, timeout) from None

    def _told(self, failure: Any, timeout: float) -> ServingError:
        code = Code(failure.code().value[0])
        repair = {
            Code.UNAVAILABLE: f"Is a server running at {self._address}?",
            Code.DEADLINE_EXCEEDED: f"There was no answer within {timeout:g} s; give a longer timeout.",
            Code.NOT_FOUND: f"Check the model's name and version at {self._address}.",
        }.get(code, "")
        return error(code, failure.details() or "", repair)

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()


@final
@dataclass(frozen=True, eq=False)
class Prediction(Mapping[str, NDArray[Any]]):
    """The outputs by name, and what answered: model, version, signature."""

    model: str
    version: int
    signature: str
    outputs: Mapping[str, NDArray[Any]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.outputs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.outputs)

    def __len__(self) -> int:
        return len(self.outputs)


@final
@dataclass(frozen=True)
class Metadata:
    """A version's signatures by name."""

    model: str
    version: int
    signatures: Mapping[str, Signature]


@final
@dataclass(frozen=True)
class VersionStatus:
    """One version: its `state` (START, LOADING, AVAILABLE, UNLOADING, END) and the error that it met, if any."""

    version: int
    state: str
    code: Code
    message: str


@final
class Client:
    """Asks a server. Safe to share between threads; a context manager.

    Args:
      address: HOST:PORT.
      timeout: seconds for a call, retries included.
      retries: more attempts, up to 4, where nobody answers (UNAVAILABLE); no other failure is tried again.
      transport: instead of a gRPC channel to `address`.

    Errors of every call: ServingError, see serving.errors.
    """

    def __init__(
        self, address: str, *, timeout: float = 10.0, retries: int = 3, transport: Transport | None = None
    ) -> None:
        self.address, self.timeout = address, timeout
        self._transport = transport or GrpcTransport(address, retries)

    def predict(
        self,
        model: str,
        inputs: Mapping[str, ArrayLike],
        *,
        signature: str = "serving_default",
        version: int | None = None,
        outputs: Sequence[str] = (),
        timeout: float | None = None,
    ) -> Prediction:
        """Calls a signature, of the latest version unless told otherwise.

        Args:
          inputs: by name, the batch in dimension 0. Arrays keep their type; Python's floats become float32, its
            integers int64.
          outputs: those wanted; all if none is named.
        """
        request = protos.PredictRequest(output_filter=outputs)
        _specify(request.model_spec, model, version)
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(wire.encode(value))
        reply = protos.PredictResponse.FromString(self._call(PREDICT, request, timeout))
        found = {name: wire.decode(tensor) for name, tensor in sorted(reply.outputs.items())}
        return Prediction(model, reply.model_spec.version.value, reply.model_spec.signature_name, found)

    def metadata(self, model: str, version: int | None = None, *, timeout: float | None = None) -> Metadata:
        """The signatures of a version, the latest unless told otherwise."""
        request = protos.GetModelMetadataRequest(metadata_field=["signature_def"])
        _specify(request.model_spec, model, version)
        reply = protos.GetModelMetadataResponse.FromString(self._call(METADATA, request, timeout))
        definitions = protos.SignatureDefMap.FromString(reply.metadata["signature_def"].value)
        return Metadata(model, reply.model_spec.version.value, signatures.parse(definitions.signature_def))

    def status(self, model: str, version: int | None = None, *, timeout: float | None = None) -> list[VersionStatus]:
        """The versions that the server knows of, the newest first."""
        request = protos.GetModelStatusRequest()
        _specify(request.model_spec, model, version)
        reply = protos.GetModelStatusResponse.FromString(self._call(STATUS, request, timeout))
        states = protos.ModelVersionStatus.DESCRIPTOR.enum_types_by_name["State"].values_by_number
        return [
            VersionStatus(s.version, states[s.state].name, Code(s.status.error_code), s.status.error_message)
            for s in reply.model_version_status
        ]

    def wait_until_available(self, model: str, version: int | None = None, *, timeout: float = 60.0) -> None:
        """Returns once a version answers. Errors: Unavailable, with what the server said last."""
        end, said = time.monotonic() + timeout, "it was not asked yet"
        while time.monotonic() < end:
            try:
                found = self.status(model, version)
                if any(s.state == "AVAILABLE" for s in found):
                    return
                said = "; ".join(f"version {s.version} is {s.state} {s.message}".strip() for s in found)
            except (NotFound, Unavailable) as failure:
                said = failure.message
            time.sleep(0.1)
        raise Unavailable(Code.UNAVAILABLE, f"{model} was not available within {timeout:g} s: {said}")

    def _call(self, method: str, request: Any, timeout: float | None) -> bytes:
        return self._transport.call(method, request.SerializeToString(), self.timeout if timeout is None else timeout)

    def close(self) -> None:
        """Closes the connection."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _specify(spec: Any, model: str, version: int | None) -> None:
    spec.name = model
    if version is not None:
        spec.version.value = int(np.int64(version))
