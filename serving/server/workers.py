"""Several server processes on one port, for loads at which one Python process is the bottleneck.

The kernel gives each connection to one of them (SO_REUSEPORT), so a client gains by several channels. Each has its own
copy of the models and its share of TensorFlow's threads; their metrics are summed. If one exits, all are stopped:
nothing is restarted unnoticed.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from serving.protocol.errors import ServerStartError
from serving.server.config import ServerConfig


def run(arguments: Sequence[str], count: int, config: ServerConfig) -> int:
    """Runs `count` processes with the same arguments until a signal; the exit code. Errors: ServerStartError."""
    with _reserved(config.host, config.port) as reserved, tempfile.TemporaryDirectory() as folder:
        port = reserved.getsockname()[1]
        share = max(1, (os.cpu_count() or 1) // count)
        own = ["--workers=1", f"--metrics_peers={folder}", f"--port={port}"]
        command = [sys.executable, "-m", "serving.server", *arguments, *own]
        if not (config.loading.intra_op or config.loading.inter_op):
            command.append(f"--tensorflow_session_parallelism={share}")
        signals: list[int] = []
        processes: list[subprocess.Popen[str]] = []

        def stop(number: int, frame: object) -> None:
            signals.append(number)
            _signal(processes, number)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        # In sessions of their own, so that Ctrl-C reaches them once, through this process.
        for _ in range(count):
            processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True))
        lines = [process.stdout.readline() for process in processes if process.stdout]
        if all(lines):
            print(f"{lines[0].rstrip()}, {count} workers", flush=True)
        while all(process.poll() is None for process in processes):
            time.sleep(0.1)
        if not signals:
            ended = [str(process.pid) for process in processes if process.poll() is not None]
            print(f"serving: worker {', '.join(ended)} exited unexpectedly; stopping the others.", file=sys.stderr)
            _signal(processes, signal.SIGTERM)
        codes = [process.wait() for process in processes]
        for process in processes:
            if process.stdout:
                process.stdout.close()
    return next((code if code > 0 else 1 for code in codes if code), 0 if signals else 1)


def _signal(processes: Sequence[subprocess.Popen[str]], number: int) -> None:
    for process in processes:
        if process.poll() is None:
            process.send_signal(number)


def _reserved(host: str, port: int) -> socket.socket:
    """A socket that reserves the port for the workers, without listening. Errors: ServerStartError."""
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        made.bind((host, port))
    except OSError as failure:
        made.close()
        raise ServerStartError(
            f"The server cannot listen on {host}:{port}: {failure}. Choose another --port."
        ) from None
    return made
