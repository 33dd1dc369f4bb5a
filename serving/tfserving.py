"""The real thing: where tensorflow_model_server is installed, it can serve the same folder."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from serving import protos
from serving.errors import BadOption, CannotServe

BINARY = "tensorflow_model_server"


def find() -> str | None:
    """The binary's path, or None where it is not on the PATH."""
    return shutil.which(BINARY)


def model_config(models: Path) -> Any:
    """A ModelServerConfig of every model in a folder, by absolute paths as TF Serving wants them."""
    config = protos.ModelServerConfig()
    for folder in sorted(p for p in models.resolve().iterdir() if p.is_dir()):
        if any(version.name.isdecimal() for version in folder.iterdir()):
            config.model_config_list.config.add(name=folder.name, base_path=str(folder), model_platform="tensorflow")
    return config


def run(models: Path, port: int) -> int:
    """Runs tensorflow_model_server on a folder of models until it ends, and gives its exit code; signals are passed on.

    Errors: CannotServe where it is not installed, BadOption for a folder that is missing or holds no model.
    """
    binary = find()
    if binary is None:
        raise CannotServe(f"{BINARY} is not on the PATH. Install it, or use the embedded engine.")
    if not models.is_dir():
        raise BadOption(f"There is no folder {models} to serve models from.")
    config = model_config(models)
    if not config.model_config_list.config:
        raise BadOption(f"{models} holds no model (NAME/VERSION/) for {BINARY} to serve.")
    with tempfile.NamedTemporaryFile("w", suffix=".config") as file:
        file.write(str(config))
        file.flush()
        process = subprocess.Popen([binary, f"--port={port}", f"--model_config_file={file.name}"], env=dict(os.environ))
        before = {s: signal.signal(s, lambda n, _: process.send_signal(n)) for s in (signal.SIGTERM, signal.SIGINT)}
        try:
            return process.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
