"""tensorflow_model_server, if it is installed, for the same folder of models.

Its configuration files are written for it: every model of the folder, health checks, and metrics and batching if their
flags are given. All given flags are passed on. Models that are added to the folder later are added to its file of
models, which it polls.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from serving.handlers.metrics import PATH
from serving.protocol import config_files, protos, versions
from serving.protocol.errors import OptionError, ServerStartError
from serving.protocol.files import write_whole

BINARY = "tensorflow_model_server"
MODELS = "model_config_file"
SECONDS = 1.0
"""Seconds between polls for new models: of the folder here, and of the file in the server."""


def find() -> str | None:
    """The path of the binary, or None if it is not on the PATH."""
    return shutil.which(BINARY)


def model_config(models: Path) -> "protos.ModelServerConfig":
    """A ModelServerConfig of every model in a folder, with the absolute paths that TF Serving needs.

    A model is listed once it has a complete version, since the server would load a half-copied one. Errors: OSError.
    """
    config = protos.ModelServerConfig()
    for name, folder in versions.models(models.resolve()).items():
        config.model_config_list.config.add(name=name, base_path=str(folder), model_platform="tensorflow")
    return config


def batching_parameters(cores: int) -> Any:
    """BatchingParameters for generative models: rows that arrive within a millisecond run together."""
    parameters = config_files.BatchingParameters()
    parameters.max_batch_size.value = 128
    parameters.batch_timeout_micros.value = 1000
    parameters.max_enqueued_batches.value = 100
    parameters.num_batch_threads.value = cores
    return parameters


def flags(models: Path, port: int, folder: Path, given: Sequence[str] = ()) -> list[str]:
    """The command line after the binary's name; the files that it names are written to `folder`.

    Args:
      given: flags of tensorflow_model_server, which override the generated ones. `--rest_api_port` adds metrics on that
        port, `--enable_batching` a file of parameters.

    Errors: OptionError for a folder that is missing or has no model.
    """
    if not models.is_dir():
        raise OptionError(f"There is no folder {models} to serve models from. Export a model there first.")
    config = model_config(models)
    if not config.model_config_list.config:
        raise OptionError(f"{models} has no model (NAME/VERSION/) for {BINARY} to serve. Export one there first.")
    files = {MODELS: config}
    names = {flag.lstrip("-").partition("=")[0] for flag in given}
    if "rest_api_port" in names:
        files["monitoring_config_file"] = config_files.MonitoringConfig(
            prometheus_config={"enable": True, "path": PATH}
        )
    if "enable_batching" in names:
        files["batching_parameters_file"] = batching_parameters(os.cpu_count() or 1)
    ours = {"port": str(port), "enable_grpc_healthcheck_service": "true"}
    if MODELS not in names:
        ours[f"{MODELS}_poll_wait_seconds"] = f"{SECONDS:g}"
    for name, message in files.items():
        (folder / name).write_text(str(message))
        ours[name] = str(folder / name)
    return [*(f"--{name}={value}" for name, value in ours.items() if name not in names), *given]


def run(models: Path, port: int, given: Sequence[str] = ()) -> int:
    """Runs tensorflow_model_server on a folder of models until it exits; returns its exit code. Signals are passed on.

    Errors: ServerStartError if it is not installed, OptionError as in `flags`.
    """
    binary = find()
    if binary is None:
        raise ServerStartError(f"{BINARY} is not on the PATH. Install it, or use the embedded engine.")
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([binary, *flags(models, port, Path(folder), given)])
        before = {s: signal.signal(s, lambda n, _: process.send_signal(n)) for s in (signal.SIGTERM, signal.SIGINT)}
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.wait(SECONDS)
                _follow(models, Path(folder) / MODELS)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _follow(models: Path, file: Path) -> None:
    """Lists the folder's models in the server's file; if the folder cannot be read, the file stays as it is."""
    with contextlib.suppress(OSError):
        config = model_config(models)
        if config.model_config_list.config and str(config) != file.read_text():
            write_whole(file, str(config))
