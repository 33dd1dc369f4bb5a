"""The servers, each in a process of its own."""

import contextlib
import multiprocessing
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc

METHOD = "/tensorflow.serving.PredictionService/Predict"
THREADS = 32
"""Of the echo, as many as a server has."""


@contextlib.contextmanager
def server(models: Path, *flags: str) -> Iterator[str]:
    """HOST:PORT of the embedded server in a process of its own."""
    command = [sys.executable, "-m", "serving.server", "--models", str(models), "--port", "0", *flags]
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"on (\S+:\d+)$", line.strip())
            if not found:
                raise SystemExit("The server did not start; its own message stands above.")
            yield found[1]
        finally:
            process.terminate()


def _echo(reply: bytes, pipe: Any) -> None:
    """The whole of the other process: it answers `reply` to everything until the pipe closes."""
    handler = grpc.unary_unary_rpc_method_handler(lambda request, context: reply)
    service, method = METHOD[1:].split("/")
    echoing = grpc.server(
        ThreadPoolExecutor(THREADS),
        handlers=[grpc.method_handlers_generic_handler(service, {method: handler})],
        options=[("grpc.max_receive_message_length", -1)],
    )
    pipe.send(f"127.0.0.1:{echoing.add_insecure_port('127.0.0.1:0')}")
    echoing.start()
    with contextlib.suppress(EOFError):
        pipe.recv()
    echoing.stop(None).wait()


@contextlib.contextmanager
def echo(reply: bytes) -> Iterator[str]:
    """HOST:PORT of a server that answers `reply` to every request."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_echo, args=(reply, theirs))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join()
