"""A call's way to its reply: the deadline over all attempts, the pauses between them, and what they cost."""

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
"""Failures that pass: nobody answers, too much at once, and how a server that stops ends the calls under way."""

_FIRST, _MOST = 0.2, 2.0
"""Seconds of the first pause, and of the longest; each is twice the one before."""


@final
@dataclass(frozen=True)
class CallStatistics:
    """What one call took.

    Attributes:
      method: package.Service/Method.
      code: OK, or how it failed in the end.
      seconds: from the request to the reply, pauses included.
      sent, received: bytes of the request, once, and of the reply.
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
    """Adds up the calls of a client, as its `observe`; safe to share between threads and clients."""

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
        """The percentile of the last 10,000 calls' seconds; 50 is the median. NaN before the first."""
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
    """How long a call may take, which failures are tried again and how often, and who is told of each call."""

    timeout: float
    retries: int
    retry_on: Collection[Code]
    observe: Callable[[CallStatistics], None] | None


@final
class Attempts(Generic[T]):
    """The attempts at one call: the client asks what is left, tells what came, and waits as it is told."""

    def __init__(self, call: Call[T], policy: Policy) -> None:
        self._call, self._policy = call, policy
        self._timeout = policy.timeout if call.timeout is None else call.timeout
        self._start = time.monotonic()
        self._retries = 0

    @property
    def left(self) -> float:
        """Seconds for the next attempt."""
        return self._timeout if not self._retries else self._start + self._timeout - time.monotonic()

    def failed(self, failure: ServingError) -> float:
        """Seconds to wait before the next attempt. Errors: the failure, where there is to be none."""
        # Half of each pause is drawn, unseeded, so that clients which failed together do not return together.
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
        """What the reply says."""
        self._observe(Code.OK, len(reply))
        return self._call.read(reply)

    def _observe(self, code: Code, received: int) -> None:
        if self._policy.observe:
            seconds, sent = time.monotonic() - self._start, len(self._call.request)
            self._policy.observe(CallStatistics(self._call.method, code, seconds, sent, received, self._retries))
