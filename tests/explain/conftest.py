"""Servers of SavedModels, in processes of their own."""

import contextlib
import os
import re
import subprocess
import sys

import pytest


@contextlib.contextmanager
def _serving(models):
    """Serves a folder of models; HOST:PORT."""
    command = [sys.executable, "-m", "serving.server", "--models", str(models), "--port", "0"]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            ready = re.search(r"Serving .* on (\S+:\d+)", line)
            assert ready, f"the server said {line!r}"
            yield ready[1]
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def serving_process():
    """A context manager: MODELS -> HOST:PORT of a server process over them."""
    return _serving
