"""The loaded versions of all models, kept up to date by polling their folders.

A new version is loaded and warmed up before the old one is unloaded; a request keeps the version that it began with,
which is freed after its last request. Two differences from TF Serving are deliberate: a folder that cannot be read
does not block the others, and a half-copied version is loaded only once it is complete.
"""

import enum
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from serving.protocol.errors import Code, ServingError, error
from serving.protocol.versions import Policy, Source, complete, fingerprint, numbered

if TYPE_CHECKING:
    from serving.models.saved_model import SavedModel  # needs TensorFlow; this module does not

log = logging.getLogger("serving")

Load = Callable[[str, Path], "SavedModel"]
"""(model, folder of a version) -> the version, loaded and warmed up. Errors: ServingError."""


class State(enum.IntEnum):
    """The state of a version, numbered as in ModelVersionStatus.State."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class Status:
    """The state of a version, and the error of its last load, if it failed."""

    version: int
    state: State
    code: Code = Code.OK
    message: str = ""


@dataclass(frozen=True)
class StoreConfig:
    """Where models are, and how their folders are polled.

    Attributes:
      root: a folder of models, NAME/VERSION/; new models are found at the next poll. None for `models` alone.
      models: more models by name.
      policy: which versions of the models below `root` are served.
      poll_seconds: seconds between polls; 0 polls once.
      retries, retry_seconds: how often a failed load is retried, and the seconds between.
    """

    root: Path | None = None
    models: Mapping[str, Source] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    poll_seconds: float = 1.0
    retries: int = 5
    retry_seconds: float = 60.0


@dataclass(frozen=True)
class _Entry:
    status: Status
    loaded: "SavedModel | None" = None
    attempts: int = 0
    retry_at: float = 0.0  # when a failed load may be retried, in time.monotonic
    files: frozenset[tuple[str, int, int]] = frozenset()  # as they were when the load failed


class Store:
    """The versions of all models.

    Args:
      load: loads a version.
      changed: called with a model's name after each change of one of its versions.
    """

    def __init__(self, config: StoreConfig, load: Load, changed: Callable[[str], None] = lambda model: None) -> None:
        self._config, self._load, self._changed = config, load, changed
        self._entries: dict[str, dict[int, _Entry]] = {}
        self._lock = threading.Lock()  # held to read or change _entries, never while loading
        self._polling = threading.Lock()  # held during a poll, including its loads
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._warned: set[str] = set()

    def start(self) -> None:
        """Polls once, loading what there is, and then continues in a thread."""
        self.poll()
        if self._config.poll_seconds > 0:
            self._thread = threading.Thread(target=self._watch, name="store", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends the thread, after a load in progress."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def configure(self, models: Mapping[str, Source]) -> None:
        """Serves these models and no others; returns after one poll of their folders."""
        with self._polling:
            self._config = replace(self._config, root=None, models=dict(models))
            self._poll()

    def get(self, name: str, version: int | None = None) -> "tuple[int, SavedModel]":
        """The given version, or the latest available one. Errors: NotFound, with TF Serving's message."""
        with self._lock:
            ready = {v: e.loaded for v, e in self._entries.get(name, {}).items() if e.loaded}
        wanted = max(ready, default=None) if version is None else version
        if wanted is None:
            raise error(Code.NOT_FOUND, f"Servable not found for request: Latest({name})")
        if wanted not in ready:
            raise error(Code.NOT_FOUND, f"Servable not found for request: Specific({name}, {wanted})")
        return wanted, ready[wanted]

    def statuses(self, name: str) -> list[Status]:
        """The status of every version ever seen, the highest first."""
        with self._lock:
            return [entry.status for _, entry in sorted(self._entries.get(name, {}).items(), reverse=True)]

    def available(self) -> dict[str, list[int]]:
        """The available versions by model."""
        with self._lock:
            found = {n: sorted(v for v, e in entries.items() if e.loaded) for n, entries in self._entries.items()}
        return {name: versions for name, versions in sorted(found.items()) if versions}

    def poll(self) -> None:
        """Reads every folder once; loads new versions and unloads those that are no longer to be served."""
        with self._polling:
            self._poll()

    def _poll(self) -> None:
        try:
            bases = self._bases()
        except OSError as failure:
            self._warn_once(f"{self._config.root} cannot be read, loaded models stay: {failure}")
            return
        for name in [*bases, *(n for n in list(self._entries) if n not in bases)]:
            aspired = self._versions(name, bases[name]) if name in bases else {}
            if aspired is not None:
                self._update(name, aspired)

    def _watch(self) -> None:
        while not self._stop.wait(self._config.poll_seconds):
            try:
                self.poll()
            except Exception:
                log.exception("unhandled exception while polling for versions; polling continues")

    def _bases(self) -> dict[str, Source]:
        """The models and their folders. Errors: OSError if the root cannot be read."""
        bases = dict(self._config.models)
        if self._config.root is not None:
            folders = sorted(p for p in self._config.root.iterdir() if p.is_dir())
            # A known model stays listed, so that its versions are unloaded when their folders are deleted.
            found = {p.name: Source(p, self._config.policy) for p in folders}
            bases |= {n: source for n, source in found.items() if n in self._entries or self._versions(n, source)}
        return bases

    def _versions(self, name: str, source: Source) -> dict[int, Path] | None:
        """The versions to serve, the highest first; None, for no change, if the folder cannot be read."""
        try:
            found = numbered(source.path)
        except OSError as failure:
            self._warn_once(f"The folder of model {name} cannot be read, loaded versions stay: {failure}")
            return None
        for version in set(source.policy.specific or ()) - set(found):
            self._warn_once(f"Version {version} of model {name} is configured, but {source.path} does not have it.")
        return source.policy.chosen(sorted(found.items(), reverse=True))

    def _update(self, name: str, aspired: Mapping[int, Path]) -> None:
        """Brings a model up to date: loads its new versions, the highest first, and then unloads the old ones."""
        self._entries.setdefault(name, {})
        for version, path in aspired.items():
            entry = self._entries[name].get(version)
            if entry is None or (entry.status.state == State.END and not entry.attempts):
                entry = _Entry(Status(version, State.START))
            if entry.loaded or not self._due(entry, path):
                continue
            if not complete(path):
                self._put(name, entry)
                self._warn_once(f"{path} is not a complete SavedModel yet; it will be loaded once it is.")
                continue
            self._put(name, self._loaded(name, path, entry))
        entries = self._entries[name]
        ready = [v for v in aspired if entries[v].loaded]
        for version, entry in list(entries.items()):
            gone = version not in aspired
            if gone and entry.loaded and (ready or not aspired):
                log.info("unloading %s version %d", name, version)
                self._put(name, _Entry(Status(version, State.END)))
            elif gone and not entry.loaded and (entry.attempts or entry.status.state == State.START):
                # The folder is gone; if it comes back, the load is tried anew.
                self._put(name, _Entry(replace(entry.status, state=State.END)))

    def _due(self, entry: _Entry, path: Path) -> bool:
        """Whether to load now: a first attempt, a retry, or files that changed since the last failure."""
        if entry.attempts and entry.files != fingerprint(path):
            return True
        return entry.attempts <= self._config.retries and time.monotonic() >= entry.retry_at

    def _loaded(self, name: str, path: Path, entry: _Entry) -> _Entry:
        version = entry.status.version
        self._put(name, replace(entry, status=replace(entry.status, state=State.LOADING)))
        files = fingerprint(path)
        try:
            loaded = self._load(name, path)
        except Exception as error_:  # one model's failure must not stop the others
            failure = error_ if isinstance(error_, ServingError) else error(Code.UNKNOWN, repr(error_))
            attempts = entry.attempts + 1
            state = State.END if attempts > self._config.retries else State.LOADING
            log.error("loading %s version %d failed: %s", name, version, failure.message)
            status = Status(version, state, failure.code, failure.message)
            return _Entry(status, None, attempts, time.monotonic() + self._config.retry_seconds, files)
        log.info("loaded %s version %d", name, version)
        return _Entry(Status(version, State.AVAILABLE), loaded)

    def _put(self, name: str, entry: _Entry) -> None:
        with self._lock:
            self._entries[name] = {**self._entries.get(name, {}), entry.status.version: entry}
        self._changed(name)

    def _warn_once(self, message: str) -> None:
        """Logs a warning once, not at every poll."""
        if message not in self._warned:
            self._warned.add(message)
            log.warning(message)
