"""grpc.health.v1 and reflection: whether the server, a service or a model answers, and what can be asked.

TF Serving knows the server and its two services, by their bare names; here models are known too, each as it stands.
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
    """What grpc.health.v1 says; a model's word is SERVING while a version of it answers."""

    def __init__(self) -> None:
        self._servicer = health.HealthServicer()
        self._all(_STATUS.NOT_SERVING)

    def add_to(self, server: Any) -> None:
        """Offers health and reflection on a gRPC server that has not started."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)
        names = (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME)
        pool = protos.pool()
        for file in (health_pb2.DESCRIPTOR, reflection._reflection_pb2.DESCRIPTOR):
            pool.AddSerializedFile(file.serialized_pb)
        reflection.enable_server_reflection(names, server, pool=pool)

    def serving(self) -> None:
        """The server answers."""
        self._all(_STATUS.SERVING)

    def watch(self, available: Callable[[], Any]) -> Callable[[str], None]:
        """What to tell when a model changed; `available` holds the names of those that answer."""

        def changed(model: str) -> None:
            self._servicer.set(model, _STATUS.SERVING if model in available() else _STATUS.NOT_SERVING)

        return changed

    def stopping(self) -> None:
        """Nothing answers any more; whoever balances load should look elsewhere."""
        self._servicer.enter_graceful_shutdown()

    def _all(self, status: int) -> None:
        for name in ("", *SERVICES, *(name.rpartition(".")[2] for name in SERVICES)):
            self._servicer.set(name, status)
