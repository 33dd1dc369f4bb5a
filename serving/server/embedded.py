"""The embedded server: TF Serving's gRPC and REST APIs over a store of SavedModels.

python -m serving.server --models models --port 8500
"""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, final

from serving.handlers.metrics import Monitor
from serving.handlers.request_log import RequestLog
from serving.handlers.served_models import ServedModels
from serving.handlers.service import Service, warm_up
from serving.models.batching import Scheduler
from serving.models.loading import Loader
from serving.models.store import Store
from serving.protocol import protos, tf_import
from serving.protocol.errors import Code, OptionError, ServerStartError, ServingError
from serving.server import flags, workers
from serving.server import grpc as rpc
from serving.server.config import ServerConfig
from serving.server.config_watcher import ConfigWatcher, read
from serving.server.health import Health
from serving.server.metrics_peers import MetricsPeers
from serving.server.rest.app import Rest
from serving.server.thread_pool import AdaptiveThreadPool

log = logging.getLogger("serving")


@final
class Server:
    """A running server; `port` is its gRPC port. Errors: ServerStartError, OptionError."""

    def __init__(self, config: ServerConfig) -> None:
        root = config.store.root
        if root is not None and not root.is_dir():
            raise OptionError(f"There is no folder {root} to serve models from. Export a model there first.")
        self.config, self.monitor, self._health = config, Monitor(), Health()
        self.store = self._store()
        self._log = RequestLog(self.monitor)
        self._models = ServedModels(self.store, early_labels=config.early_labels, log=self._log)
        self._peers = MetricsPeers(config.metrics_peers, self.monitor.snapshot) if config.metrics_peers else None
        # Calls that wait in a batch each hold a thread.
        least = config.grpc.threads if config.batching else os.cpu_count() or 1
        self._pool = AdaptiveThreadPool(least, config.grpc.threads)
        methods = self._service(entrypoint="GRPC").methods
        self._grpc = rpc.server(config.grpc, methods, self._pool, shares_port=config.shares_port)
        self._health.add_to(self._grpc)
        self.port = rpc.listen(self._grpc, config)
        # The port answers once every version that is there now is loaded.
        if config.model_config:
            _configure(self._models, read(config.model_config.path))
        self.store.start()
        self._rest = self._started_rest()
        self._grpc.start()
        self._health.serving()
        self._watcher = self._started_watcher()
        self._stopped: threading.Event | None = None

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"{self.config.host}:{self.port}"

    def stop(self, grace: float | None = None) -> None:
        """Takes no more requests; returns when the running ones have finished, or after `grace` seconds."""
        grace = self.config.grace if grace is None else grace
        if self._stopped is None:
            self._health.stopping()
            self._stopped = self._grpc.stop(grace)
            if self._rest:
                self._rest.stop(grace)
        self._stopped.wait()
        self._pool.shutdown()
        if self._peers:
            self._peers.close()
        if self._watcher:
            self._watcher.stop()
        self.store.stop()
        self._log.close()

    def wait(self) -> None:
        """Returns when the server has stopped."""
        self._grpc.wait_for_termination()

    def _store(self) -> Store:
        batching = self.config.batching
        scheduler = Scheduler(batching, self.monitor) if batching else None
        loader = Loader(self.config.loading, warm_up, scheduler, self.monitor)
        store: Store = Store(self.config.store, loader, self._health.watch(lambda: store.available()))
        return store

    def _service(self, entrypoint: str | None) -> Service:
        reloads, typed = not self.config.shares_port, self.config.typed
        parts = (self.store, self._models, self.monitor, self._log)
        return Service(*parts, typed=typed, reloads=reloads, entrypoint=entrypoint)

    def _started_rest(self) -> Rest | None:
        if self.config.rest is None:
            return None
        rest = Rest(
            self._service(entrypoint=None),
            self.monitor,
            self.config.rest,
            host=self.config.host,
            others=self._peers.snapshots if self._peers else tuple,
            shares_port=self.config.shares_port,
        )
        rest.start()
        return rest

    def _started_watcher(self) -> ConfigWatcher | None:
        file = self.config.model_config
        if not file or file.poll_seconds <= 0:
            return None
        return ConfigWatcher(file.path, file.poll_seconds, self._models.reload)


def _configure(models: ServedModels, config: "protos.ModelServerConfig") -> None:
    """The models at the start. One that does not load does not keep the others from being served."""
    try:
        models.reload(config)
    except ServingError as failure:
        if failure.code != Code.UNKNOWN:
            raise OptionError(f"The model config file is refused: {failure}") from None
        log.error("%s", failure)


def run(config: ServerConfig) -> None:
    """Serves until SIGTERM or SIGINT, then lets running requests finish; a second signal exits at once.

    Errors: ServerStartError, OptionError.
    """
    signals: list[int] = []

    def stop(number: int, frame: Any) -> None:
        if signals:
            os._exit(128 + number)  # a plain exit would wait for the threads that still run requests
        signals.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    server = Server(config)
    models = ", ".join(f"{name} (version {versions[-1]})" for name, versions in server.store.available().items())
    print(f"Serving {models or 'no model yet'} on {server.address}", flush=True)
    while not signals:
        time.sleep(0.1)  # waiting without a timeout would miss a signal that the kernel gave to another thread
    print("Stopping after the running requests; a second signal stops at once.", file=sys.stderr, flush=True)
    stopping = threading.Thread(target=server.stop, daemon=True)
    stopping.start()
    while stopping.is_alive():
        stopping.join(0.1)  # Python runs signal handlers in this thread, between waits


def serve(arguments: Sequence[str]) -> int:
    """Serves as the flags say until a signal; returns the exit code. Errors: ServerStartError, ServingError."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    for option, text in (("--help", flags.usage), ("--version", flags.versions)):
        if option in arguments:
            print(text())
            return 0
    values = flags.parse(arguments)
    config = flags.config(values)
    if values.workers > 1:
        return workers.run(arguments, values.workers, config)
    tf_import.import_tensorflow()
    run(config)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, 2 for a wrong option, 1 for a failure."""
    try:
        return serve(sys.argv[1:] if arguments is None else list(arguments))
    except (ServerStartError, ServingError) as failure:
        print(f"serving: {failure}", file=sys.stderr)
        return 1 if type(failure) is ServerStartError else 2
