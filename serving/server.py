"""The embedded server: TF Serving's gRPC API over a store of SavedModels.

python -m serving.server --models models --port 8500
"""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import grpc

from serving import quiet
from serving.errors import BadOption, CannotServe, Code, ServingError

log = logging.getLogger("serving")

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_LONGEST = 1024
_FOREVER = 10**9
"""Seconds. Where a call has no deadline, grpcio says that 9e18 remain, which no RunOptions can hold."""


@final
@dataclass(frozen=True)
class ServerConfig:
    """Options of the server.

    Attributes:
      models: a folder of models, NAME/VERSION/.
      host: 127.0.0.1 unless the world is meant to ask.
      port: 0 takes a free one.
      threads: requests worked on at once.
      grace: seconds in which requests under way may end when the server is told to.
      typed: replies in typed fields, as TF Serving's; False for tensor_content.
      poll_seconds: between looks for new versions.
    """

    models: Path
    host: str = "127.0.0.1"
    port: int = 8500
    threads: int = 32
    grace: float = 30.0
    typed: bool = True
    poll_seconds: float = 1.0


@final
class Server:
    """A server that has started; `port` is where it listens."""

    def __init__(self, config: ServerConfig) -> None:
        from serving.service import Service
        from serving.store import Store, StoreConfig

        if not config.models.is_dir():
            raise BadOption(f"There is no folder {config.models} to serve models from. Export one there first.")
        self.config = config
        self.store = Store(StoreConfig(root=config.models, poll_seconds=config.poll_seconds), _load)
        self._grpc = grpc.server(
            ThreadPoolExecutor(config.threads, thread_name_prefix="rpc"),
            handlers=_handlers(Service(self.store, typed=config.typed).methods),
            options=[
                ("grpc.max_receive_message_length", 2**31 - 1),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),
            ],
        )
        address = f"{config.host}:{config.port}"
        try:
            self.port = self._grpc.add_insecure_port(address)
        except RuntimeError:
            self.port = 0
        if not self.port:
            message = f"The server cannot listen on {address}: the port is taken or the address is not this machine's."
            raise CannotServe(f"{message} Give another --port (0 takes a free one) or --host.")
        # The port answers once every version that was there at the start is loaded.
        self.store.start()
        self._grpc.start()
        self._stopped: threading.Event | None = None

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"{self.config.host}:{self.port}"

    def stop(self, grace: float | None = None) -> None:
        """Takes no more requests, and returns when those under way are done, or cut off after `grace` seconds."""
        if self._stopped is None:
            self._stopped = self._grpc.stop(self.config.grace if grace is None else grace)
        self._stopped.wait()
        self.store.stop()

    def wait(self) -> None:
        """Returns when the server has stopped."""
        self._grpc.wait_for_termination()


def _load(name: str, path: Path) -> Any:
    from serving.engine import SavedModel
    from serving.service import warm_up

    model = SavedModel(path)
    warm_up(model)
    return model


def _handlers(services: Any) -> list[Any]:
    """Raw bytes in and out: the service parses and writes them itself, once."""
    return [
        grpc.method_handlers_generic_handler(
            service, {name: grpc.unary_unary_rpc_method_handler(_rpc(method)) for name, method in methods.items()}
        )
        for service, methods in services.items()
    ]


def _rpc(method: Callable[[bytes, float | None], bytes]) -> Callable[[bytes, Any], bytes]:
    def call(request: bytes, context: Any) -> bytes:
        left = context.time_remaining()
        try:
            return method(request, None if left is None or left > _FOREVER else left)
        except ServingError as failure:
            code, message = failure.code, failure.message
        except Exception as failure:
            log.exception("a request failed for no reason of its own")
            code, message = Code.INTERNAL, f"{type(failure).__name__}: {failure}"
        cut = message if len(message) <= _LONGEST else message[:_LONGEST] + "...TRUNCATED"
        # Not set_code and an empty reply: a client may retry only where no reply has begun.
        return context.abort(_CODES[code], cut)

    return call


def run(config: ServerConfig) -> None:
    """Serves until SIGTERM or SIGINT, then lets requests under way end; a second signal ends at once.

    Errors: CannotServe, BadOption.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    asked = threading.Event()

    def stop(number: int, frame: Any) -> None:
        if asked.is_set():
            os._exit(128 + number)  # a plain exit would wait for the threads that still run requests
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    server = Server(config)
    models = ", ".join(f"{name} (version {versions[-1]})" for name, versions in server.store.available().items())
    print(f"Serving {models or 'no model yet'} on {server.address}", flush=True)
    asked.wait()
    print("Stopping when the requests under way are done; a second signal stops at once.", file=sys.stderr, flush=True)
    stopping = threading.Thread(target=server.stop, daemon=True)
    stopping.start()
    while stopping.is_alive():
        stopping.join(0.1)  # Python runs signal handlers in this thread, between waits


def main(arguments: Iterable[str] | None = None) -> int:
    """The exit code: 0, 2 for what cannot be asked for, 1 for a failure."""
    parser = argparse.ArgumentParser(
        prog="python -m serving.server",
        description="Serves every model in a folder over gRPC, as TF Serving does.",
        epilog="example: python -m serving.server --models models --port 8500",
    )
    parser.add_argument("--models", type=Path, required=True, help="folder of MODEL/VERSION/, watched for new ones")
    parser.add_argument("--port", type=int, default=8500, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 for all addresses (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=32, help="requests worked on at once (default: %(default)s)")
    parser.add_argument(
        "--enable_serialization_as_tensor_content", action="store_true", help="replies as bytes, not typed fields"
    )
    options = parser.parse_args(None if arguments is None else list(arguments))
    quiet.import_tensorflow()
    try:
        run(
            ServerConfig(
                models=options.models,
                host=options.host,
                port=options.port,
                threads=options.threads,
                typed=not options.enable_serialization_as_tensor_content,
            )
        )
    except CannotServe as failure:
        print(f"serving: {failure}", file=sys.stderr)
        return 2 if isinstance(failure, BadOption) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
