"""The client for asyncio: Client's methods under the same names, as coroutines."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Mapping
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, final

from numpy.typing import ArrayLike

from serving.client import calls, chunks
from serving.client.attempts import Attempts, CallStatistics, Policy
from serving.client.calls import Call, Version
from serving.client.replies import Prediction
from serving.client.sync import as_method
from serving.client.transport import AioTransport, AsyncTransport, Tls
from serving.protocol.errors import Code, NotFound, ServingError, Unavailable

P = ParamSpec("P")
T = TypeVar("T")


def _method(make: Callable[P, Call[T]]) -> Callable[Concatenate["AsyncClient", P], Coroutine[Any, Any, T]]:
    """A method that makes the call and sends it."""

    async def method(self: "AsyncClient", /, *args: P.args, **options: P.kwargs) -> T:
        return await self.send(make(*args, **options))

    return as_method(make, method)


@final
class AsyncClient:
    """A client for the event loop that is running when it is made; an asynchronous context manager.

    The arguments and errors are Client's.
    """

    def __init__(
        self,
        address: str,
        *,
        timeout: float = 10.0,
        retries: int = 3,
        retry_on: Collection[Code] = (Code.UNAVAILABLE,),
        channels: int = 1,
        tls: Tls | None = None,
        metadata: Mapping[str, str] | None = None,
        observe: Callable[[CallStatistics], None] | None = None,
        transport: AsyncTransport | None = None,
    ) -> None:
        self.address, self.timeout = address, timeout
        self._policy = Policy(timeout, retries, retry_on, observe)
        self._transport = transport or AioTransport(address, channels=channels, tls=tls, metadata=metadata)

    predict = _method(calls.predict)
    classify = _method(calls.classify)
    regress = _method(calls.regress)
    metadata = _method(calls.metadata)
    status = _method(calls.status)
    reload_config = _method(calls.reload_config)

    async def send(self, call: Call[T]) -> T:
        """Sends a call, and repeats it as the retries allow. Errors: ServingError."""
        attempts = Attempts(call, self._policy)
        while True:
            try:
                reply = await self._transport.call(call.method, call.request, attempts.left)
            except ServingError as failure:
                await asyncio.sleep(attempts.failed(failure))
            else:
                return attempts.done(reply)

    async def describe(self, model: str, version: Version = None, *, timeout: float | None = None) -> str:
        """See Client.describe."""
        return str(await self.metadata(model, version, timeout=timeout))

    async def stream(
        self,
        model: str,
        batches: Iterable[Mapping[str, ArrayLike]],
        *,
        version: Version = None,
        window: int = chunks.WINDOW,
        **options: Any,
    ) -> AsyncIterator[Prediction]:
        """See Client.stream."""
        flying: deque[asyncio.Future[Prediction]] = deque()
        try:
            for inputs in batches:
                if not isinstance(version, int):
                    first = await self.predict(model, inputs, version=version, **options)
                    version = first.version
                    yield first
                    continue
                if len(flying) == window:
                    yield await flying.popleft()
                flying.append(asyncio.ensure_future(self.predict(model, inputs, version=version, **options)))
            while flying:
                yield await flying.popleft()
        finally:
            for future in flying:
                future.cancel()
            await asyncio.gather(*flying, return_exceptions=True)

    async def predict_chunked(
        self, model: str, inputs: Mapping[str, ArrayLike], *, rows: int = chunks.ROWS, **options: Any
    ) -> Prediction:
        """See Client.predict_chunked."""
        pieces = list(chunks.cut(inputs, rows))
        return chunks.join(pieces, [part async for part in self.stream(model, pieces, **options)])

    async def wait_until_available(self, model: str, version: int | None = None, *, timeout: float = 60.0) -> None:
        """See Client.wait_until_available."""
        end, last = time.monotonic() + timeout, "no request was sent"
        while time.monotonic() < end:
            try:
                found = await self.status(model, version)
                if any(s.state == "AVAILABLE" for s in found):
                    return
                last = "; ".join(map(str, found))
            except (NotFound, Unavailable) as failure:
                last = failure.message
            await asyncio.sleep(0.1)
        raise Unavailable(Code.UNAVAILABLE, f"{model} was not available within {timeout:g} s: {last}")

    async def close(self) -> None:
        """Closes the connection."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
