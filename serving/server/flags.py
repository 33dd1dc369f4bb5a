"""The command line of the server: tensorflow_model_server's flags under their own names, and a few of ours.

Flags of TF Serving that have nothing to act on here are accepted with a warning; one that nobody has is an error.
"""

import argparse
import difflib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Never

from serving.models import batching
from serving.protocol import config_files, extras, wire
from serving.protocol.errors import OptionError
from serving.server.config import ServerConfig

log = logging.getLogger("serving")

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
"""Flags of TF Serving's that are accepted so that a deployment's command line keeps working, and do nothing."""


class _Parser(argparse.ArgumentParser):
    def known(self) -> list[str]:
        return [option for action in self._actions for option in action.option_strings if option.startswith("--")]

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        found, rest = self.parse_known_args(args, namespace)
        if rest:
            name = rest[0].partition("=")[0]
            near = difflib.get_close_matches(name, self.known(), 1, 0.5)
            hint = f" Did you mean {near[0]}?" if near else " --help lists the flags."
            self.error(f"there is no flag {name}.{hint}")
        return found

    def error(self, message: str) -> Never:
        self.exit(2, f"serving: {message}\n")


def _switch(text: str) -> bool:
    if text.lower() in ("true", "1"):
        return True
    if text.lower() in ("false", "0"):
        return False
    raise argparse.ArgumentTypeError(f"true or false, not {text!r}")


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.partition("=") for part in text.split(",") if part]
    if not all(key and equals for key, equals, _ in pairs):
        raise argparse.ArgumentTypeError(f"key=value,key=value, not {text!r}")
    return tuple((key, value) for key, _, value in pairs)


def parser() -> argparse.ArgumentParser:
    """Of `python -m serving.server`."""
    made = _Parser(
        prog="python -m serving.server",
        description="Serves SavedModels over gRPC, as TF Serving does.",
        epilog="example: python -m serving.server --models models --port 8500",
        allow_abbrev=False,
    )
    _models(made.add_argument_group("models"))
    _network(made.add_argument_group("network"))
    _running(made.add_argument_group("running"))
    idle = made.add_argument_group("flags of tensorflow_model_server that are accepted and do nothing here")
    for name in IDLE:
        idle.add_argument(f"--{name}", nargs="?", const="true", help=argparse.SUPPRESS)
    return made


def _on(group: Any, name: str, default: bool, text: str) -> None:
    group.add_argument(f"--{name}", type=_switch, nargs="?", const=True, default=default, help=text)


def _value(group: Any, name: str, kind: Any, default: Any, text: str) -> None:
    group.add_argument(f"--{name}", type=kind, default=default, help=f"{text} (default: {default})")


def _models(group: Any) -> None:
    _value(group, "models", Path, None, "folder of MODEL/VERSION/, watched for new ones")
    _value(group, "model_config_file", Path, None, "text of a ModelServerConfig")
    _value(group, "model_config_file_poll_wait_seconds", float, 0, "between readings of that file; 0 reads it once")
    _value(group, "model_base_path", Path, None, "folder of one model's versions")
    _value(group, "model_name", str, "default", "its name")
    _value(group, "file_system_poll_wait_seconds", float, 1.0, "between looks for versions; 0 looks once")
    _value(group, "max_num_load_retries", int, 5, "of a load that failed")
    _value(group, "load_retry_interval_micros", int, 60_000_000, "between retries")
    _value(group, "saved_model_tags", str, "serve", "of the graph in a SavedModel, by commas")
    _on(group, "allow_version_labels_for_unavailable_models", False, "a new label may point at any version")
    _on(group, "enable_model_warmup", True, "answer a version's warm-up requests before offering it")
    _value(group, "num_request_iterations_for_warmup", int, 1, "how often each")


def _network(group: Any) -> None:
    _value(group, "host", str, "127.0.0.1", "0.0.0.0 for all addresses")
    _value(group, "port", int, 8500, "gRPC; 0 takes a free one")
    _value(group, "grpc_socket_path", str, "", "a unix socket to listen on as well")
    _value(group, "grpc_channel_arguments", _pairs, (), "key=value,key=value for gRPC")
    _value(group, "ssl_config_file", Path, None, "text of an SSLConfig: TLS for gRPC")
    _value(group, "rest_api_port", int, 0, "REST and metrics; 0 for none")
    _value(group, "rest_api_num_threads", int, 8, "REST requests worked on at once")
    _value(group, "rest_api_timeout_in_ms", int, 30_000, "for a REST request")
    _on(group, "rest_api_enable_cors_support", False, "answer pages of other sites")
    _value(group, "rest_api_ssl_key", Path, None, "PEM file; with the next, HTTPS on the REST port")
    _value(group, "rest_api_ssl_certificate", Path, None, "PEM file")
    _value(group, "monitoring_config_file", Path, None, "text of a MonitoringConfig: Prometheus metrics")
    _on(group, "enable_grpc_healthcheck_service", True, "always on here")
    _value(group, "max_requests_in_flight", int, 1024, "over gRPC; more are refused with RESOURCE_EXHAUSTED")
    _value(group, "max_message_bytes", int, 2**31 - 1, "of a gRPC request")
    _value(group, "max_tensor_elements", int, wire.MAX_ELEMENTS, "that a tensor may declare without sending them")


def _running(group: Any) -> None:
    _value(group, "threads", int, 32, "requests worked on at once")
    group.add_argument("--grpc_max_threads", type=int, dest="threads", help="the same")
    _value(group, "workers", int, 1, "processes that share the port, each with its share of TensorFlow's threads")
    _value(group, "tensorflow_session_parallelism", int, 0, "the two below at once; 0 is automatic")
    _value(group, "tensorflow_intra_op_parallelism", int, 0, "threads within an operation; 0 is automatic")
    _value(group, "tensorflow_inter_op_parallelism", int, 0, "threads between operations; 0 is automatic")
    group.add_argument("--reuse_port", action="store_true", help=argparse.SUPPRESS)
    group.add_argument("--metrics_peers", type=Path, help=argparse.SUPPRESS)
    _on(group, "enable_batching", False, "run requests that wait for one signature together")
    _value(group, "batching_parameters_file", Path, None, "text of BatchingParameters")
    _on(group, "enable_per_model_batching_parameters", False, "read a version's batching_params.pbtxt")
    _on(group, "enable_serialization_as_tensor_content", False, "replies as bytes, not typed fields")
    group.add_argument("--version", action="version", version=_version())


def _version() -> str:
    from importlib.metadata import version

    return f"{extras.DISTRIBUTION} {version(extras.DISTRIBUTION)}, TensorFlow {version('tensorflow')}"


def parse(arguments: Sequence[str] | None = None) -> Any:
    """The values by name. Exits with 2 on a mistake, and with a warning for what cannot act."""
    values = parser().parse_args(arguments)
    for name in IDLE:
        if getattr(values, name) is not None:
            log.warning("--%s is accepted for TF Serving's sake; it changes nothing here.", name)
    return values


def config(values: Any) -> ServerConfig:
    """What the flags' values ask for. Errors: OptionError; InvalidRequest for batching parameters that cannot be."""
    if values.use_alts_credentials not in (None, "false"):
        raise OptionError("--use_alts_credentials needs Google's machines; --ssl_config_file gives TLS anywhere.")
    places = [name for name in ("models", "model_config_file", "model_base_path") if getattr(values, name)]
    if len(places) != 1:
        what = f"received {' and '.join(f'--{name}' for name in places)}" if places else "received none of them"
        raise OptionError(f"Give one of --models, --model_config_file and --model_base_path; {what}.")
    if values.model_base_path and not values.model_base_path.is_dir():
        raise OptionError(f"There is no folder {values.model_base_path}. Give --model_base_path a folder of versions.")
    if values.batching_parameters_file and not values.enable_batching:
        raise OptionError("--batching_parameters_file counts with --enable_batching only. Give both, or neither.")
    if values.rest_api_port and values.rest_api_port == values.port:
        raise OptionError(f"--rest_api_port and --port must differ; both are {values.port}.")
    both = values.tensorflow_session_parallelism
    return ServerConfig(
        models=values.models,
        config_file=values.model_config_file,
        config_seconds=values.model_config_file_poll_wait_seconds,
        single=(values.model_name, values.model_base_path) if values.model_base_path else None,
        poll_seconds=values.file_system_poll_wait_seconds,
        retries=values.max_num_load_retries,
        retry_seconds=values.load_retry_interval_micros / 1e6,
        tags=tuple(values.saved_model_tags.split(",")),
        early_labels=values.allow_version_labels_for_unavailable_models,
        warmups=values.num_request_iterations_for_warmup if values.enable_model_warmup else 0,
        host=values.host,
        port=values.port,
        socket=values.grpc_socket_path,
        arguments=values.grpc_channel_arguments,
        ssl=values.ssl_config_file,
        rest_port=values.rest_api_port,
        rest_threads=values.rest_api_num_threads,
        rest_timeout=values.rest_api_timeout_in_ms / 1000,
        rest_cors=values.rest_api_enable_cors_support,
        metrics=_metrics(values),
        rest_key=values.rest_api_ssl_key,
        rest_certificate=values.rest_api_ssl_certificate,
        in_flight=values.max_requests_in_flight,
        message_bytes=values.max_message_bytes,
        max_elements=values.max_tensor_elements,
        threads=values.threads,
        intra_op=values.tensorflow_intra_op_parallelism or both,
        inter_op=values.tensorflow_inter_op_parallelism or both,
        batching=_batching(values),
        per_model=values.enable_per_model_batching_parameters,
        typed=not values.enable_serialization_as_tensor_content,
        reuse=values.reuse_port,
        metrics_peers=values.metrics_peers,
    )


def _metrics(values: Any) -> str | None:
    if not values.monitoring_config_file:
        return None
    if not values.rest_api_port:
        raise OptionError("--monitoring_config_file needs --rest_api_port: the metrics are pages of that port.")
    found = config_files.read(config_files.MonitoringConfig, values.monitoring_config_file).prometheus_config
    return (found.path or "/monitoring/prometheus/metrics") if found.enable else None


def _batching(values: Any) -> batching.Parameters | None:
    if not values.enable_batching:
        return None
    file = values.batching_parameters_file
    return batching.read(file) if file else batching.Parameters()
