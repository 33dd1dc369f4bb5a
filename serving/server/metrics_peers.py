"""The workers of one server, where a request reaches one of them and is about all: each tells the others its metrics.

They meet in a folder of theirs, in which each listens on a unix socket; bytes go over it as they are.
"""

import os
import threading
from collections.abc import Callable
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import final

SECONDS = 5.0
"""For a worker's answer."""


@final
class MetricsPeers:
    """The other workers.

    Args:
      folder: where they meet.
      tell: what this one answers with.
    """

    def __init__(self, folder: Path, tell: Callable[[], bytes]) -> None:
        self._folder, self._name, self._tell = folder, str(os.getpid()), tell
        self._listener = Listener(str(folder / self._name), "AF_UNIX")
        threading.Thread(target=self._answer, name="metrics_peers", daemon=True).start()

    def ask(self) -> list[bytes]:
        """What each of them says. Errors: TimeoutError."""
        return [said for path in sorted(self._folder.iterdir()) if path.name != self._name for said in _asked(path)]

    def close(self) -> None:
        """Answers no more."""
        self._listener.close()

    def _answer(self) -> None:
        while True:
            try:
                with self._listener.accept() as connection:
                    connection.send_bytes(self._tell())
            except (BrokenPipeError, ConnectionResetError):
                continue  # whoever asked has gone
            except OSError:
                return  # closed


def _asked(path: Path) -> list[bytes]:
    """What a worker says; nothing where it has ended."""
    try:
        with Client(str(path), "AF_UNIX") as connection:
            if not connection.poll(SECONDS):
                raise TimeoutError(f"Worker {path.name} does not answer.")
            return [connection.recv_bytes()]
    except (FileNotFoundError, ConnectionRefusedError, EOFError):
        return []
