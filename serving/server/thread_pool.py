"""The threads that answer calls: a few, and more only while all of those are held up."""

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import Any, final

PATIENCE = 0.01
"""Seconds. Calls that wait for so long, while none is begun, get threads of their own."""
TURN = 100
"""Calls that such a thread answers at most, and it goes as soon as none waits."""

Call = tuple[Future[Any], Callable[..., Any], tuple[Any, ...], dict[str, Any]]


@final
class AdaptiveThreadPool(Executor):
    """Runs calls in order, in `few` threads and at most `most`.

    Python runs one thread at a time. Where calls are brief, a thread beyond the cores only adds to the handing over,
    which takes longer than a small model; where they are long, too few would keep the others waiting.
    """

    def __init__(self, few: int, most: int) -> None:
        self._few = min(few, most)
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._begun = 0  # threads may lose a count to one another: whether it moves is all that is asked
        self._spare = threading.Semaphore(most - self._few)
        self._asked, self._over = threading.Event(), False
        for _ in range(self._few):
            _start(self._stay)
        _start(self._watch)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As Executor's."""
        future: Future[Any] = Future()
        self._calls.put((future, fn, args, kwargs))
        if not self._asked.is_set():
            self._asked.set()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Lets the threads end after the calls that were submitted. It neither waits nor cancels: a server that has
        stopped has none under way, but those that it was told to cut off."""
        self._over = True
        self._asked.set()
        for _ in range(self._few):
            self._calls.put(None)

    def _watch(self) -> None:
        while not self._over:
            self._asked.wait()
            self._asked.clear()
            begun = self._begun
            time.sleep(PATIENCE)
            if waiting := self._calls.qsize():
                self._asked.set()
                if self._begun == begun:
                    self._help(waiting)

    def _help(self, waiting: int) -> None:
        for _ in range(waiting):
            if self._spare.acquire(blocking=False):
                _start(self._come_and_go)

    def _stay(self) -> None:
        self._answer(iter(self._calls.get, None))

    def _come_and_go(self) -> None:
        self._answer(itertools.islice(self._waiting(), TURN))
        self._spare.release()

    def _waiting(self) -> Iterable[Call]:
        while True:
            try:
                call = self._calls.get_nowait()
            except Empty:
                return
            if call is None:  # meant for one that stays
                self._calls.put(None)
                return
            yield call

    def _answer(self, calls: Iterable[Call]) -> None:
        for future, fn, args, kwargs in calls:
            self._begun += 1
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as failure:  # whoever holds the future hears of it
                    future.set_exception(failure)
            del future, fn, args, kwargs  # a thread that waits would keep a request of any size


def _start(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="rpc", daemon=True).start()
