"""The command line of the server: tensorflow_model_server's flags under their own names, and a few more.

Flags of TF Serving that have no effect here are accepted with a warning; unknown flags are an error.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from serving.handlers.metrics import PATH
from serving.models import batching
from serving.models.loading import LoadConfig
from serving.models.store import StoreConfig
from serving.protocol import config_files, extras, wire
from serving.protocol.errors import OptionError
from serving.protocol.versions import Source
from serving.server import command_line
from serving.server.command_line import Flag, anything, switch
from serving.server.config import GrpcConfig, ModelConfigFile, RestConfig, ServerConfig

log = logging.getLogger("serving")

PROGRAM = "python -m serving.server"


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.partition("=") for part in text.split(",") if part]
    if not all(key and equals for key, equals, _ in pairs):
        raise ValueError(f"expected key=value,key=value, not {text!r}")
    return tuple((key, value) for key, _, value in pairs)


FLAGS: Mapping[str, Sequence[Flag]] = {
    "models": (
        Flag("models", Path, None, "folder of MODEL/VERSION/, watched for new ones"),
        Flag("model_config_file", Path, None, "text of a ModelServerConfig"),
        Flag("model_config_file_poll_wait_seconds", float, 0, "between readings of that file; 0 reads it once"),
        Flag("model_base_path", Path, None, "folder of one model's versions"),
        Flag("model_name", str, "default", "name of that model"),
        Flag("file_system_poll_wait_seconds", float, 1.0, "between polls for new versions; 0 polls once"),
        Flag("max_num_load_retries", int, 5, "retries of a load that failed"),
        Flag("load_retry_interval_micros", int, 60_000_000, "microseconds between retries"),
        Flag("saved_model_tags", str, "serve", "tags of the graph to load from a SavedModel, by commas"),
        Flag("allow_version_labels_for_unavailable_models", switch, False, "a new label may point at any version"),
        Flag("enable_model_warmup", switch, True, "run a version's warm-up requests before it is available"),
        Flag("num_request_iterations_for_warmup", int, 1, "how often each warm-up request is run"),
    ),
    "network": (
        Flag("host", str, "127.0.0.1", "address to listen on; 0.0.0.0 for all"),
        Flag("port", int, 8500, "gRPC port; 0 takes a free one"),
        Flag("grpc_socket_path", str, "", "unix socket to listen on as well"),
        Flag("grpc_channel_arguments", _pairs, "", "gRPC channel arguments, as key=value,key=value"),
        Flag("ssl_config_file", Path, None, "text of an SSLConfig: TLS for gRPC"),
        Flag("rest_api_port", int, 0, "port of REST and metrics; 0 for none"),
        Flag("rest_api_num_threads", int, 8, "REST requests that run at once"),
        Flag("rest_api_timeout_in_ms", int, 30_000, "milliseconds for a REST request"),
        Flag("rest_api_enable_cors_support", switch, False, "pages of other sites may send requests"),
        Flag("rest_api_ssl_key", Path, None, "PEM file; with the next flag, HTTPS on the REST port"),
        Flag("rest_api_ssl_certificate", Path, None, "PEM file"),
        Flag("monitoring_config_file", Path, None, "text of a MonitoringConfig: Prometheus metrics"),
        Flag("enable_grpc_healthcheck_service", switch, True, "always on here"),
        Flag("max_requests_in_flight", int, 1024, "gRPC requests at once; others fail with RESOURCE_EXHAUSTED"),
        Flag("max_message_bytes", int, 2**31 - 1, "largest gRPC request"),
        Flag("max_tensor_elements", int, wire.MAX_ELEMENTS, "that a tensor may declare without sending them"),
    ),
    "running": (
        Flag("threads", int, 32, "gRPC requests that run at once; --grpc_max_threads is the same flag"),
        Flag("workers", int, 1, "processes that share the port, each with its share of TensorFlow's threads"),
        Flag("tensorflow_session_parallelism", int, 0, "sets both of the next two; 0 is automatic"),
        Flag("tensorflow_intra_op_parallelism", int, 0, "threads within an operation; 0 is automatic"),
        Flag("tensorflow_inter_op_parallelism", int, 0, "threads between operations; 0 is automatic"),
        Flag("enable_batching", switch, False, "merge requests for one signature and run them together"),
        Flag("batching_parameters_file", Path, None, "text of BatchingParameters"),
        Flag("enable_per_model_batching_parameters", switch, False, "read a version's batching_params.pbtxt"),
        Flag("enable_serialization_as_tensor_content", switch, False, "replies as bytes, not in typed fields"),
    ),
}
"""The flags by group, in the order of --help."""

IDLE = (
    "num_load_threads",
    "num_unload_threads",
    "flush_filesystem_caches",
    "tensorflow_session_config_file",
    "enable_signature_method_name_check",
    "enable_profiler",
    "remove_unused_fields_from_bundle_metagraph",
    "platform_config_file",
    "thread_pool_factory_config_file",
    "mixed_precision",
    "xla_cpu_compilation_enabled",
    "prefer_tflite_model",
    "use_alts_credentials",
)
"""Flags of TF Serving that are accepted, so that a deployment's command line keeps working, and have no effect."""

_ALIASES = {"grpc_max_threads": "threads"}
_INTERNAL = (Flag("metrics_peers", Path, None, "folder where the workers of one server exchange metrics"),)


def _all() -> Iterator[Flag]:
    for group in FLAGS.values():
        yield from group
    yield from (Flag(name, anything, None) for name in IDLE)
    yield from _INTERNAL


def names() -> list[str]:
    """Every flag as it is written, with its dashes."""
    return [f"--{name}" for name in (*(flag.name for flag in _all()), *_ALIASES, "help", "version")]


def usage() -> str:
    """What --help prints."""
    lines = [f"usage: {PROGRAM} [flags]", "", "Serves SavedModels over gRPC, as TF Serving does."]
    for title, group in FLAGS.items():
        lines += ["", f"{title}:", *(flag.usage() for flag in group)]
    lines += ["", "flags of tensorflow_model_server that are accepted and have no effect here:"]
    lines += [f"  --{name}" for name in IDLE]
    return "\n".join(
        [*lines, "", "--version: print the versions", "", f"example: {PROGRAM} --models models --port 8500"]
    )


def versions() -> str:
    """What --version prints."""
    return f"{extras.DISTRIBUTION} {version(extras.DISTRIBUTION)}, TensorFlow {version('tensorflow')}"


def parse(arguments: Sequence[str]) -> Any:
    """The flags' values by name; warns of flags without effect. Errors: OptionError."""
    values = command_line.parse(PROGRAM, _all(), arguments, _ALIASES)
    for name in IDLE:
        if values[name].value is not None:
            log.warning("--%s is accepted for compatibility with TF Serving; it has no effect here.", name)
    return values


def config(values: Any) -> ServerConfig:
    """The configuration that the flags describe.

    Errors: OptionError; InvalidRequest for impossible batching parameters.
    """
    _check(values)
    file = values.model_config_file
    return ServerConfig(
        store=StoreConfig(
            root=values.models,
            models={values.model_name: Source(values.model_base_path)} if values.model_base_path else {},
            poll_seconds=values.file_system_poll_wait_seconds,
            retries=values.max_num_load_retries,
            retry_seconds=values.load_retry_interval_micros / 1e6,
        ),
        model_config=ModelConfigFile(file, values.model_config_file_poll_wait_seconds) if file else None,
        early_labels=values.allow_version_labels_for_unavailable_models,
        loading=_loading(values),
        batching=_batching(values),
        host=values.host,
        port=values.port,
        grpc=GrpcConfig(
            threads=values.threads,
            socket=values.grpc_socket_path,
            ssl=values.ssl_config_file,
            arguments=values.grpc_channel_arguments,
            max_in_flight=values.max_requests_in_flight,
            max_message_bytes=values.max_message_bytes,
        ),
        rest=_rest(values),
        typed=not values.enable_serialization_as_tensor_content,
        metrics_peers=values.metrics_peers,
    )


def _check(values: Any) -> None:
    """Errors: OptionError for flags that do not go together."""
    if values.use_alts_credentials not in (None, "false"):
        raise OptionError("--use_alts_credentials needs Google's machines; --ssl_config_file gives TLS anywhere.")
    given = [name for name in ("models", "model_config_file", "model_base_path") if values[name].value]
    if len(given) != 1:
        what = f"received {' and '.join(f'--{name}' for name in given)}" if given else "received none of them"
        raise OptionError(f"Give one of --models, --model_config_file and --model_base_path; {what}.")
    if values.model_base_path and not values.model_base_path.is_dir():
        raise OptionError(f"There is no folder {values.model_base_path}. Give --model_base_path a folder of versions.")
    if values.batching_parameters_file and not values.enable_batching:
        raise OptionError("--batching_parameters_file needs --enable_batching. Give both, or neither.")
    if values.rest_api_port and values.rest_api_port == values.port:
        raise OptionError(f"--rest_api_port and --port must differ; both are {values.port}.")
    if values.monitoring_config_file and not values.rest_api_port:
        raise OptionError("--monitoring_config_file needs --rest_api_port: the metrics are on that port.")


def _loading(values: Any) -> LoadConfig:
    both = values.tensorflow_session_parallelism
    return LoadConfig(
        tags=tuple(values.saved_model_tags.split(",")),
        intra_op=values.tensorflow_intra_op_parallelism or both,
        inter_op=values.tensorflow_inter_op_parallelism or both,
        max_elements=values.max_tensor_elements,
        own_batching=values.enable_per_model_batching_parameters,
        warmup_repeats=values.num_request_iterations_for_warmup if values.enable_model_warmup else 0,
    )


def _rest(values: Any) -> RestConfig | None:
    if not values.rest_api_port:
        return None
    return RestConfig(
        port=values.rest_api_port,
        threads=values.rest_api_num_threads,
        timeout=values.rest_api_timeout_in_ms / 1000,
        cors=values.rest_api_enable_cors_support,
        metrics=_metrics(values.monitoring_config_file),
        key=values.rest_api_ssl_key,
        certificate=values.rest_api_ssl_certificate,
    )


def _metrics(file: Path | None) -> str | None:
    if not file:
        return None
    found = config_files.read(config_files.MonitoringConfig, file).prometheus_config
    return (found.path or PATH) if found.enable else None


def _batching(values: Any) -> batching.Parameters | None:
    if not values.enable_batching:
        return None
    file = values.batching_parameters_file
    return batching.read(file) if file else batching.Parameters()
