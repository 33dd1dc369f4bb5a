"""The gRPC side of a server: where it listens, with which keys, and how errors travel."""

import logging
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import grpc

from serving.protocol import config_files
from serving.protocol.errors import Code, OptionError, ServerStartError, ServingError
from serving.server.config import ServerConfig

log = logging.getLogger("serving")

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_LONGEST = 1024
_FOREVER = 10**9
"""Seconds. Where a call has no deadline, grpcio says that 9e18 remain, which no RunOptions can hold."""


def server(config: ServerConfig, methods: Any, pool: Executor) -> Any:
    """A gRPC server that has not started, whose calls `pool` runs. `methods`: by service and name."""
    options = {
        "grpc.max_receive_message_length": config.message_bytes,
        "grpc.max_send_message_length": -1,
        "grpc.so_reuseport": int(config.reuse),
    } | {key: int(value) if value.lstrip("-").isdigit() else value for key, value in config.arguments}
    return grpc.server(
        pool,
        handlers=_handlers(methods),
        options=list(options.items()),
        maximum_concurrent_rpcs=config.in_flight,
    )


def listen(server: Any, config: ServerConfig) -> int:
    """The port, bound. Errors: ServerStartError."""
    address, credentials = f"{config.host}:{config.port}", _credentials(config.ssl) if config.ssl else None

    def bind(place: str) -> int:
        try:
            found = server.add_secure_port(place, credentials) if credentials else server.add_insecure_port(place)
        except RuntimeError:
            return 0
        return int(found)

    port = bind(address)
    if not port:
        message = f"The server cannot listen on {address}: the port is taken or the address is not this machine's."
        raise ServerStartError(f"{message} Give another --port (0 takes a free one) or --host.")
    if config.socket and not bind(f"unix:{config.socket}"):
        raise ServerStartError(f"The server cannot listen on the unix socket {config.socket}. Is its folder there?")
    return port


def _credentials(path: Path) -> Any:
    """TLS by the text of an SSLConfig, whose fields hold PEM itself, not names of files."""
    ssl = config_files.read(config_files.SSLConfig, path)
    if not (ssl.server_key and ssl.server_cert):
        raise OptionError(f"{path} needs server_key and server_cert, each the text of a PEM file.")
    if ssl.client_verify and not ssl.custom_ca:
        raise OptionError(f"{path} asks for clients' certificates; custom_ca has to say who vouches for them.")
    return grpc.ssl_server_credentials(
        [(ssl.server_key.encode(), ssl.server_cert.encode())], ssl.custom_ca.encode() or None, ssl.client_verify
    )


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
