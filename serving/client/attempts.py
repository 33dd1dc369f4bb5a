"""The attempts at one call: the deadline over all of them, the pauses between them, and statistics."""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Generic, TypeVar, final

import numpy as np

from serving.client.calls import Call
from serving.protocol.errors import Code, ServingError

T = TypeVar("T")
TRANSIENT = (Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED, Code.CANCELLED)
"""Failures that may pass: no server, an overloaded one, and calls cut off by a server that stops."""

_FIRST, _MOST = 0.2, 2.0
"""Seconds of the first and of the longest pause; each pause is twice as long as the one before."""


@final
@dataclass(frozen=True)
class CallStatistics:
    """Statistics of one call.

    Attributes:
      method: package.Service/Method.
      code: OK, or the code of the last failure.
      seconds: from the request to the reply, pauses included.
      sent, received: bytes of the request (counted once) and of the reply.
      retries: attempts beyond the first.
    """

    method: str
    code: Code
    seconds: float
    sent: int
    received: int
    retries: int


@final
@dataclass
class Statistics:
    """Totals over a client's calls, passed as its `observe`; safe to share between threads and clients."""

    calls: int = 0
    failures: int = 0
    retries: int = 0
    sent: int = 0
    received: int = 0
    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=10_000))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, call: CallStatistics) -> None:
        """Counts one call."""
        with self._lock:
            self.calls += 1
            self.failures += call.code != Code.OK
            self.retries += call.retries
            self.sent += call.sent
            self.received += call.received
            self._seconds.append(call.seconds)

    def seconds(self, percent: float) -> float:
        """A percentile of the seconds of the last 10,000 calls; 50 is the median. NaN before the first call."""
        with self._lock:
            return float(np.percentile(self._seconds, percent)) if self._seconds else float("nan")

    def __str__(self) -> str:
        return (
            f"{self.calls} calls, {self.failures} failed, {self.retries} retries; {self.sent / 1e6:.1f} MB sent, "
            f"{self.received / 1e6:.1f} MB received; p50 {self.seconds(50) * 1e3:.1f} ms, "
            f"p99 {self.seconds(99) * 1e3:.1f} ms"
        )


@final
@dataclass(frozen=True)
class Policy:
    """How long a call may take, which failures are retried and how often, and what observes each call."""

    timeout: float
    retries: int
    retry_on: Collection[Code]
    observe: Callable[[CallStatistics], None] | None


@final
class Attempts(Generic[T]):
    """The attempts at one call. The client reports each result and waits between attempts as long as `failed` says."""

    def __init__(self, call: Call[T], policy: Policy) -> None:
        self._call, self._policy = call, policy
        self._timeout = policy.timeout if call.timeout is None else call.timeout
        self._start = time.monotonic()
        self._retries = 0

    @property
    def left(self) -> float:
        """Seconds left for the next attempt."""
        return self._timeout if not self._retries else self._start + self._timeout - time.monotonic()

    def failed(self, failure: ServingError) -> float:
        """Seconds to wait before the next attempt. Errors: the failure itself, if there is no next attempt."""
        # Half of each pause is random and unseeded, so that clients that failed together do not retry together.
        pause = min(_MOST, _FIRST * 2.0 ** min(self._retries, 16)) * random.uniform(0.5, 1)
        if (
            failure.code not in self._policy.retry_on
            or self._retries >= self._policy.retries
            or pause >= self._start + self._timeout - time.monotonic()
        ):
            self._observe(failure.code, 0)
            raise failure
        self._retries += 1
        return pause

    def done(self, reply: bytes) -> T:
        """The parsed reply."""
        self._observe(Code.OK, len(reply))
        return self._call.read(reply)

    def _observe(self, code: Code, received: int) -> None:
        if self._policy.observe:
            seconds, sent = time.monotonic() - self._start, len(self._call.request)
            self._policy.observe(CallStatistics(self._call.method, code, seconds, sent, received, self._retries))
