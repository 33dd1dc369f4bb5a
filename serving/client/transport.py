"""What carries the bytes of requests and replies: gRPC channels, or a fake in tests."""

import abc
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import grpc
import grpc.aio

from serving.protocol.errors import Code, ServingError, error

_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2000),  # the default of 2 minutes is too long after a restart
    ("grpc.use_local_subchannel_pool", 1),  # otherwise channels to one address share one connection
]


class Transport(abc.ABC):
    """What carries a Client's calls. Tests may pass a fake, such as serving.testing.FakeServer."""

    @abc.abstractmethod
    def call(self, method: str, request: bytes, timeout: float) -> bytes:
        """One call of `package.Service/Method`. Errors: ServingError."""

    @abc.abstractmethod
    def close(self) -> None:
        """Closes what was opened."""


class AsyncTransport(abc.ABC):
    """What carries an AsyncClient's calls."""

    @abc.abstractmethod
    async def call(self, method: str, request: bytes, timeout: float) -> bytes:
        """One call of `package.Service/Method`. Errors: ServingError."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Closes what was opened."""


@dataclass(frozen=True)
class Tls:
    """The PEM files of a TLS connection.

    Attributes:
      ca: CA certificates that the server's certificate is checked against; None for gRPC's default roots.
      certificate, key: the client's certificate and its key, if the server asks for one (mutual TLS).
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def credentials(self) -> Any:
        """Credentials for gRPC channels. Errors: OSError for a file that cannot be read."""
        ca, certificate, key = (None if p is None else p.read_bytes() for p in (self.ca, self.certificate, self.key))
        return grpc.ssl_channel_credentials(ca, key, certificate)


class _Channels:
    """Channels to one address, used in turn; `module` is grpc or grpc.aio."""

    def __init__(self, module: Any, address: str, channels: int, tls: Tls | None, metadata: Mapping[str, str]) -> None:
        self._address = address
        self._metadata = tuple((key.lower(), value) for key, value in metadata.items())
        self.all = [
            module.insecure_channel(address, _OPTIONS)
            if tls is None
            else module.secure_channel(address, tls.credentials(), _OPTIONS)
            for _ in range(channels)
        ]
        calls: list[tuple[Any, dict[str, Any]]] = [(channel, {}) for channel in self.all]
        self._turns = itertools.cycle(calls)

    def start(self, method: str, request: bytes, timeout: float) -> Any:
        channel, calls = next(self._turns)
        if method not in calls:
            calls[method] = channel.unary_unary(f"/{method}")
        return calls[method](request, timeout=timeout, metadata=self._metadata)

    def error_of(self, failure: Any, timeout: float) -> ServingError:
        code = Code(failure.code().value[0])
        repair = {
            Code.UNAVAILABLE: f"Is a server running at {self._address}?",
            Code.DEADLINE_EXCEEDED: f"There was no reply within {timeout:.3g} s; give a longer timeout.",
            Code.NOT_FOUND: f"Check the model's name and version at {self._address}.",
        }.get(code, "")
        return error(code, failure.details() or "", repair)


@final
class GrpcTransport(Transport):
    """gRPC channels; for the arguments see Client."""

    def __init__(
        self, address: str, *, channels: int = 1, tls: Tls | None = None, metadata: Mapping[str, str] | None = None
    ) -> None:
        self._channels = _Channels(grpc, address, channels, tls, metadata or {})

    def call(self, method: str, request: bytes, timeout: float) -> bytes:
        """See Transport."""
        try:
            reply: bytes = self._channels.start(method, request, timeout)
        except grpc.RpcError as failure:
            raise self._channels.error_of(failure, timeout) from None
        return reply

    def close(self) -> None:
        """Closes the channels."""
        for channel in self._channels.all:
            channel.close()


@final
class AioTransport(AsyncTransport):
    """grpc.aio channels, for the event loop that is running when this object is made."""

    def __init__(
        self, address: str, *, channels: int = 1, tls: Tls | None = None, metadata: Mapping[str, str] | None = None
    ) -> None:
        self._channels = _Channels(grpc.aio, address, channels, tls, metadata or {})

    async def call(self, method: str, request: bytes, timeout: float) -> bytes:
        """See AsyncTransport."""
        try:
            reply: bytes = await self._channels.start(method, request, timeout)
        except grpc.RpcError as failure:
            raise self._channels.error_of(failure, timeout) from None
        return reply

    async def close(self) -> None:
        """Closes the channels."""
        for channel in self._channels.all:
            await channel.close()
