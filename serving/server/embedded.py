"""The embedded server: TF Serving's gRPC API over a store of SavedModels.

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
from serving.models.store import Store, StoreConfig
from serving.protocol import tf_import
from serving.protocol.errors import Code, OptionError, ServerStartError, ServingError
from serving.protocol.versions import Source
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
    """A server that has started; `port` is where it listens. Errors: ServerStartError, OptionError."""

    def __init__(self, config: ServerConfig) -> None:
        if config.models is not None and not config.models.is_dir():
            raise OptionError(f"There is no folder {config.models} to serve models from. Export one there first.")
        self.config, self.monitor, self._health = config, Monitor(), Health()
        self.store = _store(config, self.monitor, self._health)
        self._log = RequestLog(self.monitor)
        self._siblings = MetricsPeers(config.metrics_peers, self.monitor.snapshot) if config.metrics_peers else None
        models = ServedModels(self.store, early_labels=config.early_labels, log=self._log)
        parts = (self.store, models, self.monitor, self._log)
        # Calls that wait for one another to make a batch each hold a thread.
        few = config.threads if config.batching else os.cpu_count() or 1
        self._crew = AdaptiveThreadPool(few, config.threads)
        service = Service(*parts, typed=config.typed, reloads=not config.reuse)
        self._grpc = rpc.server(config, service.methods, self._crew)
        self._health.add_to(self._grpc)
        self.port = rpc.listen(self._grpc, config)
        # The port answers once every version that was there at the start is loaded.
        if config.config_file:
            _configure(models, read(config.config_file))
        self.store.start()
        others = self._siblings.ask if self._siblings else tuple
        self._rest = None
        if config.rest_port:
            self._rest = _rest(config, Service(*parts, entrypoint=None), self.monitor, others)
        self._grpc.start()
        self._health.serving()
        follow = config.config_file if config.config_seconds > 0 else None
        self._file = ConfigWatcher(follow, config.config_seconds, models.reload) if follow else None
        self._stopped: threading.Event | None = None

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"{self.config.host}:{self.port}"

    def stop(self, grace: float | None = None) -> None:
        """Takes no more requests, and returns when those under way are done, or cut off after `grace` seconds."""
        grace = self.config.grace if grace is None else grace
        if self._stopped is None:
            self._health.stopping()
            self._stopped = self._grpc.stop(grace)
            if self._rest:
                self._rest.stop(grace)
        self._stopped.wait()
        self._crew.shutdown()
        if self._siblings:
            self._siblings.close()
        if self._file:
            self._file.stop()
        self.store.stop()
        self._log.close()

    def wait(self) -> None:
        """Returns when the server has stopped."""
        self._grpc.wait_for_termination()


def _store(config: ServerConfig, monitor: Any, health: Any) -> Any:
    loader = Loader(
        tags=config.tags,
        intra_op=config.intra_op,
        inter_op=config.inter_op,
        max_elements=config.max_elements,
        scheduler=Scheduler(config.batching, monitor) if config.batching else None,
        per_model=config.per_model,
        warm_up=warm_up,
        repeats=config.warmups,
        observer=monitor,
    )
    sources = StoreConfig(
        root=config.models,
        models={config.single[0]: Source(config.single[1])} if config.single else {},
        poll_seconds=config.poll_seconds,
        retries=config.retries,
        retry_seconds=config.retry_seconds,
    )
    store: Store = Store(sources, loader, health.watch(lambda: store.available()))
    return store


def _configure(models: ServedModels, config: Any) -> None:
    """The models at the start: one that does not load keeps none of the others from being served."""
    try:
        models.reload(config)
    except ServingError as failure:
        if failure.code != Code.UNKNOWN:
            raise OptionError(f"The model config file cannot be followed: {failure}") from None
        log.error("%s", failure)


def _rest(config: ServerConfig, service: Any, monitor: Any, others: Any) -> Any:
    rest = Rest(
        service,
        monitor,
        host=config.host,
        port=config.rest_port,
        threads=config.rest_threads,
        timeout=config.rest_timeout,
        cors=config.rest_cors,
        metrics=config.metrics,
        others=others,
        key=config.rest_key,
        certificate=config.rest_certificate,
        reuse=config.reuse,
    )
    rest.start()
    return rest


def run(config: ServerConfig) -> None:
    """Serves until SIGTERM or SIGINT, then lets requests under way end; a second signal ends at once.

    Errors: ServerStartError, OptionError.
    """
    asked: list[int] = []

    def stop(number: int, frame: Any) -> None:
        if asked:
            os._exit(128 + number)  # a plain exit would wait for the threads that still run requests
        asked.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    server = Server(config)
    models = ", ".join(f"{name} (version {versions[-1]})" for name, versions in server.store.available().items())
    print(f"Serving {models or 'no model yet'} on {server.address}", flush=True)
    while not asked:
        time.sleep(0.1)  # to wait for ever would be to miss a signal that the kernel gave to another thread
    print("Stopping when the requests under way are done; a second signal stops at once.", file=sys.stderr, flush=True)
    stopping = threading.Thread(target=server.stop, daemon=True)
    stopping.start()
    while stopping.is_alive():
        stopping.join(0.1)  # Python runs signal handlers in this thread, between waits


def serve(arguments: Sequence[str]) -> int:
    """What a command line asks for, until it is told to stop; the exit code. Errors: ServerStartError, ServingError."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    values = flags.parse(arguments)
    config = flags.config(values)
    if values.workers > 1:
        return workers.run(arguments, values.workers, config)
    tf_import.import_tensorflow()
    run(config)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, 2 for what cannot be asked for, 1 for a failure."""
    try:
        return serve(sys.argv[1:] if arguments is None else list(arguments))
    except (ServerStartError, ServingError) as failure:
        print(f"serving: {failure}", file=sys.stderr)
        return 1 if type(failure) is ServerStartError else 2
