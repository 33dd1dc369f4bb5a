"""TF Serving's REST API and Prometheus metrics, over HTTP or HTTPS; starlette and uvicorn do the HTTP.

The paths and their rules are in `serving.server.rest.api`; this file listens, reads bodies, and lets requests end.
"""

import asyncio
import socket
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
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
from serving.server.rest.api import Api, failed

MAX_BODY = 2**30
"""Bytes of a request, unpacked: a kilobyte of gzip can claim a megabyte."""

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


class _Refused(Exception):
    """A body that cannot be read: HTTP status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.response = Response(failed(text), status, media_type="application/json")


class Rest:
    """The HTTP side of a server. It listens from the moment that it is made, and answers after `start`.

    Args:
      port: 0 takes a free one; `port` says which.
      timeout: seconds for a request.
      threads: requests worked on at once.
      cors: lets pages from elsewhere ask.
      metrics: the path of the metrics; None for none. others: gives the snapshots of further workers' metrics.
      key, certificate: PEM files; HTTPS instead of HTTP (TF Serving has only HTTP).
      reuse: several processes may listen on the port.

    Errors: ServerStartError where it cannot listen, OptionError for a key without a certificate.
    """

    def __init__(
        self,
        service: Service,
        monitor: Monitor,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        timeout: float = 30.0,
        threads: int = 8,
        cors: bool = False,
        metrics: str | None = None,
        others: Callable[[], Sequence[bytes]] = tuple,
        key: Path | None = None,
        certificate: Path | None = None,
        reuse: bool = False,
    ) -> None:
        if (key is None) != (certificate is None):
            raise OptionError("REST over TLS needs both, the key's file and the certificate's.")
        self._api, self._monitor, self._timeout, self._metrics = Api(service, monitor), monitor, timeout, metrics
        self._others = others
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="rest")
        config = uvicorn.Config(
            Starlette(routes=self._routes(), middleware=[_cors()] if cors else []),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            ssl_keyfile=key and str(key),
            ssl_certfile=certificate and str(certificate),
        )
        try:
            config.load()
        except OSError as failure:  # ssl.SSLError too
            raise OptionError(f"The key {key} or the certificate {certificate} cannot be used: {failure}.") from None
        self._socket = _listening(host, port, reuse)
        self.port: int = self._socket.getsockname()[1]
        self._config, self._server = config, uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="rest", daemon=True)

    def start(self) -> None:
        """Answers from now on."""
        self._thread.start()

    def stop(self, grace: float = 30.0) -> None:
        """Takes no more requests, and returns when those under way are done, or cut off after `grace` seconds."""
        if not self._thread.is_alive():
            self._socket.close()
            return
        self._config.timeout_graceful_shutdown = max(1, round(grace))
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
            # A GET means nothing by its body, which may be of any size.
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
        except TimeoutError as failure:  # numbers that fell would be worse than none
            return PlainTextResponse(str(failure), 503)

    def _wrong_metrics(self, request: Request) -> Response:
        return PlainTextResponse(f"Unexpected path: {request.url.path}. Should be {self._metrics}", 400)


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
            raise _Refused(400, f"The body is no gzip: {failure}.") from None
        parts.append(part)
        size += len(part)
        if size > MAX_BODY:
            raise _Refused(429, f"The body is larger than {MAX_BODY} bytes. Send fewer rows at once.")
    if unpack and not unpack.eof:
        raise _Refused(400, "The body is no gzip: it ends too early.")
    return b"".join(parts)


def _cors() -> Middleware:
    return Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"])


def _listening(host: str, port: int, reuse: bool) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024, reuse_port=reuse)
    except OSError as failure:
        raise ServerStartError(
            f"The REST API cannot listen on {host}:{port}: {failure.strerror or failure}. "
            "Give another --rest_api_port (0 takes a free one) or --host."
        ) from None
