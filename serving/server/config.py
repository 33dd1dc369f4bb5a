"""The server's configuration: one frozen dataclass for each part of it, built once from the flags."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from serving.models.batching import Parameters
from serving.models.loading import LoadConfig
from serving.models.store import StoreConfig


@final
@dataclass(frozen=True)
class ModelConfigFile:
    """The text file of a ModelServerConfig: which models are served.

    Attributes:
      path: the file.
      poll_seconds: seconds between readings; 0 reads it once.
    """

    path: Path
    poll_seconds: float = 0.0


@final
@dataclass(frozen=True)
class GrpcConfig:
    """The gRPC side.

    Attributes:
      threads: requests that run at once.
      socket: path of a unix socket to listen on as well; empty for none.
      ssl: the text file of an SSLConfig; None for no TLS.
      arguments: gRPC channel arguments, as (name, value).
      max_in_flight: requests accepted at once; further ones fail with RESOURCE_EXHAUSTED.
      max_message_bytes: the largest request.
    """

    threads: int = 32
    socket: str = ""
    ssl: Path | None = None
    arguments: tuple[tuple[str, str], ...] = ()
    max_in_flight: int = 1024
    max_message_bytes: int = 2**31 - 1


@final
@dataclass(frozen=True)
class RestConfig:
    """The REST side.

    Attributes:
      port: 0 takes a free one.
      threads: requests that run at once.
      timeout: seconds for a request.
      cors: whether pages of other sites may send requests.
      metrics: path of the Prometheus metrics; None for none.
      key, certificate: PEM files, both or neither; with them HTTPS instead of HTTP (TF Serving has only HTTP).
    """

    port: int = 0
    threads: int = 8
    timeout: float = 30.0
    cors: bool = False
    metrics: str | None = None
    key: Path | None = None
    certificate: Path | None = None


@final
@dataclass(frozen=True)
class ServerConfig:
    """A server.

    Attributes:
      store: where the models are.
      model_config: a file of models, instead of those of `store`.
      early_labels: a new version label may point at a version that is not available.
      loading: how versions are loaded.
      batching: parameters of dynamic batching; None runs each request by itself.
      host: the address to listen on; 0.0.0.0 for all.
      port: the gRPC port; 0 takes a free one.
      grpc: the gRPC side.
      rest: the REST side; None for none.
      typed: replies in typed fields, as TF Serving's; False for `tensor_content`.
      grace: seconds that running requests get to finish when the server stops.
      metrics_peers: the folder where the workers of one server exchange metrics, see MetricsPeers; they share the port.
        None for a server of one process.
    """

    store: StoreConfig = field(default_factory=StoreConfig)
    model_config: ModelConfigFile | None = None
    early_labels: bool = False
    loading: LoadConfig = field(default_factory=LoadConfig)
    batching: Parameters | None = None
    host: str = "127.0.0.1"
    port: int = 8500
    grpc: GrpcConfig = field(default_factory=GrpcConfig)
    rest: RestConfig | None = None
    typed: bool = True
    grace: float = 30.0
    metrics_peers: Path | None = None

    @property
    def shares_port(self) -> bool:
        """Whether other processes listen on the same port."""
        return self.metrics_peers is not None
