"""TF Serving's REST API and Prometheus metrics, over HTTP or HTTPS; starlette and uvicorn do the HTTP.

The paths and their rules are in `serving.server.rest.api`; this module listens, reads bodies, and stops.
"""

import asyncio
import socket
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from serving.handlers.metrics import Monitor
from serving.handlers.service import Service
from serving.protocol.errors import OptionError, ServerStartError
from serving.server.config import RestConfig
from serving.server.rest.api import Api, failed

MAX_BODY = 2**30
"""The largest body in bytes, after unpacking: a kilobyte of gzip can unpack to a megabyte."""

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


class _Refused(Exception):
    """A body that cannot be read, with the HTTP status and message."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.response = Response(failed(text), status, media_type="application/json")


class Rest:
    """The HTTP side of a server. It listens once it is made, and answers after `start`; `port` is its port.

    Args:
      others: returns the metrics snapshots of the other workers.
      shares_port: other processes listen on the same port.

    Errors: ServerStartError if it cannot listen, OptionError for a key without a certificate or files that do not work.
    """

    def __init__(
        self,
        service: Service,
        monitor: Monitor,
        config: RestConfig,
        *,
        host: str = "127.0.0.1",
        others: Callable[[], Sequence[bytes]] = tuple,
        shares_port: bool = False,
    ) -> None:
        self._api, self._monitor, self._others = Api(service, monitor), monitor, others
        self._timeout, self._metrics = config.timeout, config.metrics
        self._pool = ThreadPoolExecutor(config.threads, thread_name_prefix="rest")
        self._http = _http(config, self._routes())
        self._socket = _listening(host, config.port, shares_port)
        self.port: int = self._socket.getsockname()[1]
        self._server = uvicorn.Server(self._http)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="rest", daemon=True)

    def start(self) -> None:
        """Starts to answer requests."""
        self._thread.start()

    def stop(self, grace: float = 30.0) -> None:
        """Takes no more requests; returns when the running ones have finished, or after `grace` seconds."""
        if not self._thread.is_alive():
            self._socket.close()
            return
        self._http.timeout_graceful_shutdown = max(1, round(grace))
        self._server.should_exit = True
        self._thread.join()
        self._pool.shutdown(wait=False)

    def _routes(self) -> list[Route]:
        routes = [Route("/v1/{rest:path}", self._call, methods=METHODS)]
        if self._metrics is not None:
            routes.append(Route(self._metrics, self._show_metrics))
            routes.append(Route("/monitoring/{rest:path}", self._wrong_metrics))
        return routes

    async def _call(self, request: Request) -> Response:
        end = time.monotonic() + self._timeout
        try:
            # The body of a GET has no meaning, and may be of any size.
            body = b"" if request.method == "GET" else await _body(request)
        except _Refused as refused:
            return refused.response
        except ClientDisconnect:
            return Response(status_code=499)
        path = request.scope["raw_path"].decode("latin-1")
        loop = asyncio.get_running_loop()
        status, reply = await loop.run_in_executor(self._pool, self._api.answer, request.method, path, body, end)
        return Response(reply, status, media_type="application/json")

    def _show_metrics(self, request: Request) -> Response:
        try:
            return PlainTextResponse(self._monitor.text(self._others()))
        except TimeoutError as failure:  # a sum that falls would be worse than none
            return PlainTextResponse(str(failure), 503)

    def _wrong_metrics(self, request: Request) -> Response:
        return PlainTextResponse(f"Unexpected path: {request.url.path}. Should be {self._metrics}", 400)


def _http(config: RestConfig, routes: Sequence[Route]) -> uvicorn.Config:
    """The web server's configuration. Errors: OptionError for its TLS files."""
    key, certificate = config.key, config.certificate
    if (key is None) != (certificate is None):
        raise OptionError("REST over TLS needs both --rest_api_ssl_key and --rest_api_ssl_certificate.")
    made = uvicorn.Config(
        Starlette(routes=routes, middleware=[_cors()] if config.cors else []),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        ssl_keyfile=key and str(key),
        ssl_certfile=certificate and str(certificate),
    )
    try:
        made.load()
    except OSError as failure:  # ssl.SSLError too
        raise OptionError(f"The key {key} or the certificate {certificate} cannot be used: {failure}.") from None
    return made


async def _body(request: Request) -> bytes:
    """A request's body, unpacked. Errors: _Refused."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise _Refused(400, f"Content-Encoding {encoding} is not supported. Send gzip, or the body as it is.")
    unpack: Any = zlib.decompressobj(31) if encoding == "gzip" else None
    parts, size = [], 0
    async for chunk in request.stream():
        try:
            part = unpack.decompress(chunk, MAX_BODY - size + 1) if unpack else chunk
        except zlib.error as failure:
            raise _Refused(400, f"The body is not gzip: {failure}.") from None
        parts.append(part)
        size += len(part)
        if size > MAX_BODY:
            raise _Refused(429, f"The body is larger than {MAX_BODY} bytes. Send fewer rows at once.")
    if unpack and not unpack.eof:
        raise _Refused(400, "The body is not gzip: it ends too early.")
    return b"".join(parts)


def _cors() -> Middleware:
    return Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"])


def _listening(host: str, port: int, shares_port: bool) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024, reuse_port=shares_port)
    except OSError as failure:
        raise ServerStartError(
            f"The REST API cannot listen on {host}:{port}: {failure.strerror or failure}. "
            "Choose another --rest_api_port or --host."
        ) from None
