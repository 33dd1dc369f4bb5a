"""An adaptive thread pool: a few threads, and more only while all of those are blocked."""

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import Any, final

PATIENCE = 0.01
"""Seconds. If calls wait this long and none was started meanwhile, extra threads are started for them."""
MOST_CALLS = 100
"""Calls that an extra thread runs at most; it ends earlier if none waits."""

Call = tuple[Future[Any], Callable[..., Any], tuple[Any, ...], dict[str, Any]]


@final
class AdaptiveThreadPool(Executor):
    """Runs calls in order, in `least` threads or, while these are blocked, in at most `most`.

    Python runs one thread at a time. If calls are short, more threads than cores only add switches, which take longer
    than a small model; if calls are long, too few threads would keep the others waiting.
    """

    def __init__(self, least: int, most: int) -> None:
        self._least = min(least, most)
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._started = 0  # threads may lose counts to each other; it only matters whether it changes
        self._extra = threading.Semaphore(most - self._least)
        self._submitted, self._closed = threading.Event(), False
        for _ in range(self._least):
            _start(self._run_always)
        _start(self._watch)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As Executor's."""
        future: Future[Any] = Future()
        self._calls.put((future, fn, args, kwargs))
        if not self._submitted.is_set():
            self._submitted.set()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the threads after the submitted calls. It neither waits nor cancels: a server that has stopped has no
        running calls except those that it cut off."""
        self._closed = True
        self._submitted.set()
        for _ in range(self._least):
            self._calls.put(None)

    def _watch(self) -> None:
        while not self._closed:
            self._submitted.wait()
            self._submitted.clear()
            started = self._started
            time.sleep(PATIENCE)
            if waiting := self._calls.qsize():
                self._submitted.set()
                if self._started == started:
                    self._add(waiting)

    def _add(self, waiting: int) -> None:
        for _ in range(waiting):
            if self._extra.acquire(blocking=False):
                _start(self._run_extra)

    def _run_always(self) -> None:
        self._run(iter(self._calls.get, None))

    def _run_extra(self) -> None:
        self._run(itertools.islice(self._waiting(), MOST_CALLS))
        self._extra.release()

    def _waiting(self) -> Iterable[Call]:
        while True:
            try:
                call = self._calls.get_nowait()
            except Empty:
                return
            if call is None:  # the end of a permanent thread
                self._calls.put(None)
                return
            yield call

    def _run(self, calls: Iterable[Call]) -> None:
        for future, fn, args, kwargs in calls:
            self._started += 1
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as failure:  # raised by the future
                    future.set_exception(failure)
            del future, fn, args, kwargs  # a waiting thread must not keep a request in memory


def _start(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="rpc", daemon=True).start()
