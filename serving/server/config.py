"""What a server can be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from serving.models.batching import Parameters
from serving.protocol.wire import MAX_ELEMENTS


@final
@dataclass(frozen=True)
class ServerConfig:
    """Options of the server.

    Attributes:
      models: a folder of models, NAME/VERSION/.
      host: 127.0.0.1 unless the world is meant to ask.
      port: 0 takes a free one.
      threads: requests worked on at once.
      grace: seconds in which requests under way may end when the server is told to.
      typed: replies in typed fields, as TF Serving's; False for tensor_content.
      poll_seconds: between looks for new versions.
      config_file, config_seconds: a ModelServerConfig, read again every so many seconds unless that is 0; or
        single: one model's name and folder.
      early_labels: a new label may point at a version that is not available.
      retries, retry_seconds: of loads that fail.
      socket: path of a unix socket to listen on as well.
      ssl: text of an SSLConfig.
      in_flight, message_bytes: limits of gRPC requests.
      max_elements: that a request's tensor may declare without sending them.
      arguments: of gRPC channels, by name.
      reuse: several processes may listen on the port. metrics_peers: the folder where these meet, see MetricsPeers.
      batching: parameters of dynamic batching; None for none. per_model: a version's own count first.
      tags, intra_op, inter_op, warmups: see Loader.
      rest_port, rest_threads, rest_timeout, rest_cors, metrics, rest_key, rest_certificate: see Rest; 0 for no REST.
    """

    models: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8500
    threads: int = 32
    grace: float = 30.0
    typed: bool = True
    poll_seconds: float = 1.0
    config_file: Path | None = None
    config_seconds: float = 0.0
    single: tuple[str, Path] | None = None
    early_labels: bool = False
    retries: int = 5
    retry_seconds: float = 60.0
    socket: str = ""
    ssl: Path | None = None
    in_flight: int = 1024
    message_bytes: int = 2**31 - 1
    max_elements: int = MAX_ELEMENTS
    arguments: tuple[tuple[str, str], ...] = ()
    reuse: bool = False
    metrics_peers: Path | None = None
    batching: Parameters | None = None
    per_model: bool = False
    tags: tuple[str, ...] = ("serve",)
    intra_op: int = 0
    inter_op: int = 0
    warmups: int = 1
    rest_port: int = 0
    rest_threads: int = 8
    rest_timeout: float = 30.0
    rest_cors: bool = False
    metrics: str | None = None
    rest_key: Path | None = None
    rest_certificate: Path | None = None
