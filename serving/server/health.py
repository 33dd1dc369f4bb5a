"""grpc.health.v1 and reflection: the health of the server, its services and its models, and the list of its methods.

TF Serving reports the server and its two services by their short names; here each model has a health of its own too.
"""

from collections.abc import Callable
from typing import Any, final

from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection  # type: ignore[import-untyped]

from serving.protocol import protos

SERVICES = ("tensorflow.serving.PredictionService", "tensorflow.serving.ModelService")
_STATUS = health_pb2.HealthCheckResponse


@final
class Health:
    """The health service. A model is SERVING while a version of it is available."""

    def __init__(self) -> None:
        self._servicer = health.HealthServicer()
        self._all(_STATUS.NOT_SERVING)

    def add_to(self, server: Any) -> None:
        """Adds health and reflection to a gRPC server that has not started."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)
        names = (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME)
        pool = protos.pool()
        for file in (health_pb2.DESCRIPTOR, reflection._reflection_pb2.DESCRIPTOR):
            pool.AddSerializedFile(file.serialized_pb)
        reflection.enable_server_reflection(names, server, pool=pool)

    def serving(self) -> None:
        """Sets the server and its services to SERVING."""
        self._all(_STATUS.SERVING)

    def watch(self, available: Callable[[], Any]) -> Callable[[str], None]:
        """A function to call with a model's name when it changed; `available` returns the names of available models."""

        def changed(model: str) -> None:
            self._servicer.set(model, _STATUS.SERVING if model in available() else _STATUS.NOT_SERVING)

        return changed

    def stopping(self) -> None:
        """Sets everything to NOT_SERVING, so that load balancers choose other servers."""
        self._servicer.enter_graceful_shutdown()

    def _all(self, status: int) -> None:
        for name in ("", *SERVICES, *(name.rpartition(".")[2] for name in SERVICES)):
            self._servicer.set(name, status)
