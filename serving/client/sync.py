"""The client that blocks."""

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


def _asks(make: Callable[P, Call[T]]) -> Callable[Concatenate["Client", P], T]:
    """A method that makes the call and asks."""

    def method(self: "Client", *args: P.args, **options: P.kwargs) -> T:
        return self.ask(make(*args, **options))

    return as_method(make, method)


def as_method(make: Callable[..., Any], method: Callable[P, T]) -> Callable[P, T]:
    """Gives a method the name, the text and the signature of the function that makes its call."""
    functools.update_wrapper(method, make)
    del method.__wrapped__  # type: ignore[attr-defined]
    self = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    made = inspect.signature(make)
    method.__signature__ = made.replace(parameters=[self, *made.parameters.values()])  # type: ignore[attr-defined]
    return method


@final
class Client:
    """Asks a server. Safe to share between threads; a context manager.

    Args:
      address: HOST:PORT.
      timeout: seconds for a call, retries included.
      retries: more attempts after a failure of `retry_on`, each later than the one before.
      retry_on: codes worth another attempt: by default only UNAVAILABLE, where nobody answers.
      channels: connections; several reach several worker processes of a server.
      tls: how the sides know each other; None for no encryption.
      metadata: sent with every call, as in {"authorization": "Bearer ..."}.
      observe: told of every call, as Statistics is.
      transport: instead of gRPC channels to `address`.

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

    predict = _asks(calls.predict)
    classify = _asks(calls.classify)
    regress = _asks(calls.regress)
    metadata = _asks(calls.metadata)
    status = _asks(calls.status)
    reload_config = _asks(calls.reload_config)

    def ask(self, call: Call[T]) -> T:
        """Makes a call, again where it is worth it."""
        attempts = Attempts(call, self._policy)
        while True:
            try:
                reply = self._transport.call(call.method, call.request, attempts.left)
            except ServingError as failure:
                time.sleep(attempts.failed(failure))
            else:
                return attempts.done(reply)

    def describe(self, model: str, version: Version = None, *, timeout: float | None = None) -> str:
        """The signatures of a version for people: methods, names, types and shapes."""
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
        """`predict` for each of many inputs: `window` at once, the answers in order, all from one version.

        Without a version the first call settles it, before the others start. `options` are those of `predict`.
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
            # Not waiting: what is in flight may be retried for minutes, and ends when the client is closed.
            threads.shutdown(wait=False, cancel_futures=True)

    def predict_chunked(
        self, model: str, inputs: Mapping[str, ArrayLike], *, rows: int = chunks.ROWS, **options: Any
    ) -> Prediction:
        """`predict` for a batch too large for one request: `rows` at a time, see `stream` for the options."""
        pieces = list(chunks.cut(inputs, rows))
        return chunks.join(pieces, list(self.stream(model, pieces, **options)))

    def wait_until_available(self, model: str, version: int | None = None, *, timeout: float = 60.0) -> None:
        """Returns once a version answers. Errors: Unavailable, with what the server said last."""
        end, said = time.monotonic() + timeout, "it was not asked yet"
        while time.monotonic() < end:
            try:
                found = self.status(model, version)
                if any(s.state == "AVAILABLE" for s in found):
                    return
                said = "; ".join(map(str, found))
            except (NotFound, Unavailable) as failure:
                said = failure.message
            time.sleep(0.1)
        raise Unavailable(Code.UNAVAILABLE, f"{model} was not available within {timeout:g} s: {said}")

    def close(self) -> None:
        """Closes the connection."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
