"""The blocking client."""

import functools
import inspect
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, final

from numpy.typing import ArrayLike

from serving.client import calls, chunks
from serving.client.attempts import Attempts, CallStatistics, Policy
from serving.client.calls import Call, Version
from serving.client.replies import Prediction
from serving.client.transport import GrpcTransport, Tls, Transport
from serving.protocol.errors import Code, NotFound, ServingError, Unavailable

P = ParamSpec("P")
T = TypeVar("T")


def _method(make: Callable[P, Call[T]]) -> Callable[Concatenate["Client", P], T]:
    """A method that makes the call and sends it."""

    def method(self: "Client", /, *args: P.args, **options: P.kwargs) -> T:
        return self.send(make(*args, **options))

    return as_method(make, method)


def as_method(make: Callable[..., Any], method: Callable[P, T]) -> Callable[P, T]:
    """Gives a method the name, docstring and signature of the function that makes its call."""
    functools.update_wrapper(method, make)
    del method.__wrapped__  # type: ignore[attr-defined]
    self = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    made = inspect.signature(make)
    method.__signature__ = made.replace(parameters=[self, *made.parameters.values()])  # type: ignore[attr-defined]
    return method


@final
class Client:
    """A client of a server. Safe to share between threads; a context manager.

    Args:
      address: HOST:PORT.
      timeout: seconds for a call, retries included.
      retries: how many more attempts may follow a failure with a code of `retry_on`, with growing pauses.
      retry_on: the codes that are retried; by default only UNAVAILABLE, when no server answers.
      channels: connections; a server of several worker processes needs as many.
      tls: the PEM files of a TLS connection; None for no encryption.
      metadata: sent with every call, as in {"authorization": "Bearer ..."}.
      observe: called with the CallStatistics of every call; Statistics adds them up.
      transport: used instead of gRPC channels to `address`.

    Errors of every call: ServingError, see serving.protocol.errors.
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
        transport: Transport | None = None,
    ) -> None:
        self.address, self.timeout = address, timeout
        self._policy = Policy(timeout, retries, retry_on, observe)
        self._transport = transport or GrpcTransport(address, channels=channels, tls=tls, metadata=metadata)

    predict = _method(calls.predict)
    classify = _method(calls.classify)
    regress = _method(calls.regress)
    metadata = _method(calls.metadata)
    status = _method(calls.status)
    reload_config = _method(calls.reload_config)

    def send(self, call: Call[T]) -> T:
        """Sends a call, and repeats it as the retries allow. Errors: ServingError."""
        attempts = Attempts(call, self._policy)
        while True:
            try:
                reply = self._transport.call(call.method, call.request, attempts.left)
            except ServingError as failure:
                time.sleep(attempts.failed(failure))
            else:
                return attempts.done(reply)

    def describe(self, model: str, version: Version = None, *, timeout: float | None = None) -> str:
        """The signatures of a version as a readable table: methods, names, types and shapes."""
        return str(self.metadata(model, version, timeout=timeout))

    def stream(
        self,
        model: str,
        batches: Iterable[Mapping[str, ArrayLike]],
        *,
        version: Version = None,
        window: int = chunks.WINDOW,
        **options: Any,
    ) -> Iterator[Prediction]:
        """`predict` for each of many batches: `window` in flight, replies in order, all from one version.

        Without a version number, the first reply determines it before the others are sent. `options` are those of
        `predict`.
        """
        flying: deque[Future[Prediction]] = deque()
        threads = ThreadPoolExecutor(window, thread_name_prefix="client")
        try:
            for inputs in batches:
                if not isinstance(version, int):
                    first = self.predict(model, inputs, version=version, **options)
                    version = first.version
                    yield first
                    continue
                if len(flying) == window:
                    yield flying.popleft().result()
                flying.append(threads.submit(self.predict, model, inputs, version=version, **options))
            while flying:
                yield flying.popleft().result()
        finally:
            # No waiting: calls in flight may be retried for minutes, and end when the client is closed.
            threads.shutdown(wait=False, cancel_futures=True)

    def predict_chunked(
        self, model: str, inputs: Mapping[str, ArrayLike], *, rows: int = chunks.ROWS, **options: Any
    ) -> Prediction:
        """`predict` for a batch too large for one request: `rows` at a time. `options` are those of `stream`."""
        pieces = list(chunks.cut(inputs, rows))
        return chunks.join(pieces, list(self.stream(model, pieces, **options)))

    def wait_until_available(self, model: str, version: int | None = None, *, timeout: float = 60.0) -> None:
        """Returns once a version is available. Errors: Unavailable, with the server's last message."""
        end, last = time.monotonic() + timeout, "no request was sent"
        while time.monotonic() < end:
            try:
                found = self.status(model, version)
                if any(s.state == "AVAILABLE" for s in found):
                    return
                last = "; ".join(map(str, found))
            except (NotFound, Unavailable) as failure:
                last = failure.message
            time.sleep(0.1)
        raise Unavailable(Code.UNAVAILABLE, f"{model} was not available within {timeout:g} s: {last}")

    def close(self) -> None:
        """Closes the connection."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
