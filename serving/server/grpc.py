"""The gRPC side of a server: the port, TLS, and how errors are sent."""

import logging
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import grpc

from serving.protocol import config_files
from serving.protocol.errors import Code, OptionError, ServerStartError, ServingError
from serving.server.config import GrpcConfig, ServerConfig

log = logging.getLogger("serving")

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_LONGEST = 1024
_FOREVER = 10**9
"""Seconds. For a call without a deadline grpcio says that 9e18 remain, which RunOptions cannot hold."""


def server(config: GrpcConfig, methods: Any, pool: Executor, *, shares_port: bool = False) -> Any:
    """A gRPC server that has not started.

    Args:
      methods: the functions to call, by service and method name.
      pool: runs the calls.
      shares_port: other processes listen on the same port.
    """
    options = {
        "grpc.max_receive_message_length": config.max_message_bytes,
        "grpc.max_send_message_length": -1,
        "grpc.so_reuseport": int(shares_port),
    } | {key: int(value) if value.lstrip("-").isdigit() else value for key, value in config.arguments}
    return grpc.server(
        pool,
        handlers=_handlers(methods),
        options=list(options.items()),
        maximum_concurrent_rpcs=config.max_in_flight,
    )


def listen(server: Any, config: ServerConfig) -> int:
    """Binds the port, and the unix socket if there is one; returns the port. Errors: ServerStartError, OptionError."""
    address, socket = f"{config.host}:{config.port}", config.grpc.socket
    credentials = _credentials(config.grpc.ssl) if config.grpc.ssl else None

    def bind(place: str) -> int:
        try:
            found = server.add_secure_port(place, credentials) if credentials else server.add_insecure_port(place)
        except RuntimeError:
            return 0
        return int(found)

    port = bind(address)
    if not port:
        message = (
            f"The server cannot listen on {address}: the port is in use, or this machine does not have the address."
        )
        raise ServerStartError(f"{message} Choose another --port (0 takes a free one) or --host.")
    if socket and not bind(f"unix:{socket}"):
        raise ServerStartError(f"The server cannot listen on the unix socket {socket}. Does its folder exist?")
    return port


def _credentials(path: Path) -> Any:
    """The credentials of an SSLConfig, whose fields hold the PEM texts themselves, not names of files."""
    ssl = config_files.read(config_files.SSLConfig, path)
    if not (ssl.server_key and ssl.server_cert):
        raise OptionError(f"{path} needs server_key and server_cert, each the text of a PEM file.")
    if ssl.client_verify and not ssl.custom_ca:
        raise OptionError(f"{path} sets client_verify, which needs custom_ca: the CA certificates for clients.")
    return grpc.ssl_server_credentials(
        [(ssl.server_key.encode(), ssl.server_cert.encode())], ssl.custom_ca.encode() or None, ssl.client_verify
    )


def _handlers(services: Any) -> list[Any]:
    """Handlers of raw bytes: the service parses and serializes messages itself."""
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
            log.exception("unhandled exception in a request")
            code, message = Code.INTERNAL, f"{type(failure).__name__}: {failure}"
        cut = message if len(message) <= _LONGEST else message[:_LONGEST] + "...TRUNCATED"
        # abort, not set_code with an empty reply: a client may retry only if no reply has begun.
        context.abort(_CODES[code], cut)
        raise AssertionError  # abort does not return

    return call
