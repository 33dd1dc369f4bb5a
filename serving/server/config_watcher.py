"""TF Serving's model config file: the text of a ModelServerConfig, read again when it changes."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from google.protobuf import text_format

from serving.protocol import protos
from serving.protocol.errors import OptionError, ServingError

log = logging.getLogger("serving")


def read(path: Path) -> "protos.ModelServerConfig":
    """The ModelServerConfig in a text file. Errors: OptionError."""
    try:
        return text_format.Parse(path.read_text(), protos.ModelServerConfig())
    except (OSError, UnicodeDecodeError) as failure:
        raise OptionError(f"The model config file {path} cannot be read: {failure}.") from None
    except text_format.ParseError as failure:
        raise OptionError(
            f"Error parsing text-format tensorflow.serving.ModelServerConfig: {path}: {failure}"
        ) from None


class ConfigWatcher:
    """Reads a model config file every `seconds`, and calls `reload` when it changed, until `stop`."""

    def __init__(self, path: Path, seconds: float, reload: Callable[["protos.ModelServerConfig"], None]) -> None:
        self._path, self._seconds, self._reload = path, seconds, reload
        self._stop = threading.Event()
        self._last = read(path)
        self._thread = threading.Thread(target=self._watch, name="config", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, after a reload in progress."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                found = read(self._path)
                if found != self._last:
                    self._last = found
                    self._reload(found)
            except (OptionError, ServingError) as failure:
                log.error("the model config file was refused, the last good one stays in effect: %s", failure)
            except Exception:
                log.exception("unhandled exception while reloading the model config file; polling continues")
