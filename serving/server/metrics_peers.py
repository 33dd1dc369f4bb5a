"""Metrics of a server with several worker processes: a request for them reaches one worker, which asks its peers.

The workers share a folder, in which each listens on a unix socket and answers every connection with its metrics.
"""

import os
import threading
from collections.abc import Callable
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import final

SECONDS = 5.0
"""How long to wait for a worker's answer."""


@final
class MetricsPeers:
    """The other workers of the same server.

    Args:
      folder: the folder that the workers share.
      snapshot: returns this worker's metrics.
    """

    def __init__(self, folder: Path, snapshot: Callable[[], bytes]) -> None:
        self._folder, self._name, self._snapshot = folder, str(os.getpid()), snapshot
        self._listener = Listener(str(folder / self._name), "AF_UNIX")
        threading.Thread(target=self._answer, name="metrics-peers", daemon=True).start()

    def snapshots(self) -> list[bytes]:
        """The metrics of every other worker that runs. Errors: TimeoutError."""
        others = [path for path in sorted(self._folder.iterdir()) if path.name != self._name]
        return [found for path in others if (found := _requested(path)) is not None]

    def close(self) -> None:
        """Stops answering."""
        self._listener.close()

    def _answer(self) -> None:
        while True:
            try:
                with self._listener.accept() as connection:
                    connection.send_bytes(self._snapshot())
            except (BrokenPipeError, ConnectionResetError):
                continue  # the peer has closed the connection
            except OSError:
                return  # closed


def _requested(path: Path) -> bytes | None:
    """A worker's metrics; None if it has exited. Errors: TimeoutError."""
    try:
        with Client(str(path), "AF_UNIX") as connection:
            if not connection.poll(SECONDS):
                raise TimeoutError(f"Worker {path.name} does not answer.")
            return connection.recv_bytes()
    except (FileNotFoundError, ConnectionRefusedError, EOFError):
        return None
