"""Which versions of which models there are, found by looking at folders again and again.

A new version is loaded and warmed before the old one goes; a request keeps the version that it began with, which is
closed when the last of them is done. Two differences from TF Serving are deliberate: a folder that cannot be read does
not keep the others from being looked at, and a version that is only half copied is waited for.
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
    from serving.models.saved_model import SavedModel  # which needs TensorFlow; the rules do not

log = logging.getLogger("serving")

Load = Callable[[str, Path], "SavedModel"]
"""(model, its version's folder) -> the version, warmed. Errors: ServingError."""


class State(enum.IntEnum):
    """Of a version, with the numbers of ModelVersionStatus.State."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class Status:
    """Where a version stands, and the error that it met, if any."""

    version: int
    state: State
    code: Code = Code.OK
    message: str = ""


@dataclass(frozen=True)
class StoreConfig:
    """Where models are looked for, and how.

    Attributes:
      root: a folder of models, NAME/VERSION/; new ones are found as they come. None if only `models` count.
      models: more models by name.
      policy: which versions of the models below `root` are served.
      poll_seconds: between looks; 0 looks once.
      retries, retry_seconds: how often, and how far apart, a failed load is tried again.
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
    again: float = 0.0  # when a failed load may be tried again, by time.monotonic
    files: frozenset[tuple[str, int, int]] = frozenset()  # as they were when the load failed


class Store:
    """The versions of all models.

    Args:
      load: does the loading, so that tests and other engines can take its place.
      changed: told the model after each change of a version's state.
    """

    def __init__(self, config: StoreConfig, load: Load, changed: Callable[[str], None] = lambda model: None) -> None:
        self._config, self._load, self._changed = config, load, changed
        self._entries: dict[str, dict[int, _Entry]] = {}
        self._lock = threading.Lock()  # held to read or change _entries, never while loading
        self._looking = threading.Lock()  # held for a look at the folders, loads and all
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._told: set[str] = set()

    def start(self) -> None:
        """Looks once, loading what there is, and then goes on in a thread."""
        self.poll()
        if self._config.poll_seconds > 0:
            self._thread = threading.Thread(target=self._watch, name="store", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends the thread, after the load that it may be at."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def configure(self, models: Mapping[str, Source]) -> None:
        """Serves these models and no others; returns after one look at their folders."""
        with self._looking:
            self._config = replace(self._config, root=None, models=dict(models))
            self._look()

    def get(self, name: str, version: int | None = None) -> "tuple[int, SavedModel]":
        """The version asked for, or the latest available. Errors: NotFound, with TF Serving's text."""
        with self._lock:
            ready = {v: e.loaded for v, e in self._entries.get(name, {}).items() if e.loaded}
        wanted = max(ready, default=None) if version is None else version
        if wanted is None:
            raise error(Code.NOT_FOUND, f"Servable not found for request: Latest({name})")
        if wanted not in ready:
            raise error(Code.NOT_FOUND, f"Servable not found for request: Specific({name}, {wanted})")
        return wanted, ready[wanted]

    def statuses(self, name: str) -> list[Status]:
        """Of all versions ever seen, the highest first."""
        with self._lock:
            return [entry.status for _, entry in sorted(self._entries.get(name, {}).items(), reverse=True)]

    def available(self) -> dict[str, list[int]]:
        """The versions that answer, by model."""
        with self._lock:
            found = {n: sorted(v for v, e in entries.items() if e.loaded) for n, entries in self._entries.items()}
        return {name: versions for name, versions in sorted(found.items()) if versions}

    def poll(self) -> None:
        """One look at every folder; loads what is new, unloads what is no longer wanted."""
        with self._looking:
            self._look()

    def _look(self) -> None:
        try:
            bases = self._bases()
        except OSError as failure:
            self._tell(f"{self._config.root} cannot be read, what is loaded stays: {failure}")
            return
        for name in [*bases, *(n for n in list(self._entries) if n not in bases)]:
            aspired = self._versions(name, bases[name]) if name in bases else {}
            if aspired is not None:
                self._settle(name, aspired)

    def _watch(self) -> None:
        while not self._stop.wait(self._config.poll_seconds):
            try:
                self.poll()
            except Exception:
                log.exception("looking for versions failed; the next look follows")

    def _bases(self) -> dict[str, Source]:
        """Model -> where it lies. Errors: OSError where the root cannot be read."""
        bases = dict(self._config.models)
        if self._config.root is not None:
            folders = sorted(p for p in self._config.root.iterdir() if p.is_dir())
            # A model that was there keeps its place: without folders of versions its versions are unloaded.
            found = {p.name: Source(p, self._config.policy) for p in folders}
            bases |= {n: source for n, source in found.items() if n in self._entries or self._versions(n, source)}
        return bases

    def _versions(self, name: str, source: Source) -> dict[int, Path] | None:
        """The versions to serve, the highest first; None where that cannot be told: nothing is changed then."""
        try:
            found = numbered(source.path)
        except OSError as failure:
            self._tell(f"The folder of model {name} cannot be read, what is loaded stays: {failure}")
            return None
        for version in set(source.policy.specific or ()) - set(found):
            self._tell(f"Version {version} of model {name} is asked for, but {source.path} does not hold it.")
        return source.policy.chosen(sorted(found.items(), reverse=True))

    def _settle(self, name: str, aspired: Mapping[int, Path]) -> None:
        """Brings one model to what its folder says: first the new versions, highest first, then the old ones."""
        self._entries.setdefault(name, {})
        for version, path in aspired.items():
            entry = self._entries[name].get(version)
            if entry is None or (entry.status.state == State.END and not entry.attempts):
                entry = _Entry(Status(version, State.START))
            if entry.loaded or not self._due(entry, path):
                continue
            if not complete(path):
                self._put(name, entry)
                self._tell(f"{path} is not a whole SavedModel yet; it is loaded when it is.")
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
                # Whatever it failed at: the folder is gone, and if it comes back it is tried anew.
                self._put(name, _Entry(replace(entry.status, state=State.END)))

    def _due(self, entry: _Entry, path: Path) -> bool:
        """Whether to load: anew, again after a while, or at once where a copy went on since the load failed."""
        if entry.attempts and entry.files != fingerprint(path):
            return True
        return entry.attempts <= self._config.retries and time.monotonic() >= entry.again

    def _loaded(self, name: str, path: Path, entry: _Entry) -> _Entry:
        version = entry.status.version
        self._put(name, replace(entry, status=replace(entry.status, state=State.LOADING)))
        files = fingerprint(path)
        try:
            loaded = self._load(name, path)
        except Exception as error_:  # whatever one model's files bring about is no other model's concern
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

    def _tell(self, message: str) -> None:
        """Once: the next look would only say it again."""
        if message not in self._told:
            self._told.add(message)
            log.warning(message)
