"""The adaptive thread pool: the least threads for short calls, more while calls block, and calls in order."""

import threading
import time

import pytest

from serving.server import thread_pool
from serving.server.thread_pool import PATIENCE, AdaptiveThreadPool

WAIT = 10.0


def threads():
    return sum(thread.name == "rpc" for thread in threading.enumerate())


def reaches(count):
    """Whether the number of threads becomes `count`."""
    end = time.monotonic() + WAIT
    while threads() != count and time.monotonic() < end:
        time.sleep(0.01)
    return threads() == count


@pytest.fixture
def hire():
    """(least, most) -> an AdaptiveThreadPool, which ends with the test."""
    hired, before = [], threads()

    def make(least, most):
        hired.append(AdaptiveThreadPool(least, most))
        return hired[-1]

    yield make
    for one in hired:
        one.shutdown()
    assert reaches(before)


def test_short_calls_stay_in_the_least_threads(hire, monkeypatch):
    monkeypatch.setattr(thread_pool, "PATIENCE", 1.0)  # a busy machine may hold anything up for a moment
    two = hire(least=2, most=8)
    names = [two.submit(threading.get_ident) for _ in range(2000)]
    assert len({name.result(WAIT) for name in names}) <= 2


def test_one_thread_keeps_the_order(hire):
    one, seen = hire(least=4, most=1), []
    for future in [one.submit(seen.append, number) for number in range(100)]:
        future.result(WAIT)
    assert seen == list(range(100))


def test_blocked_calls_get_threads_up_to_the_limit(hire):
    some, gate, inside = hire(least=1, most=5), threading.Event(), threading.Semaphore(0)

    def hold():
        inside.release()
        assert gate.wait(WAIT)

    futures = [some.submit(hold) for _ in range(6)]
    for _ in range(5):
        assert inside.acquire(timeout=WAIT)
    time.sleep(3 * PATIENCE)
    assert not inside.acquire(blocking=False)  # the sixth waits
    gate.set()
    for future in futures:
        future.result(WAIT)


def test_a_short_call_does_not_wait_for_long_ones(hire):
    some, gate = hire(least=2, most=4), threading.Event()
    held = [some.submit(gate.wait, WAIT) for _ in range(2)]
    assert some.submit(int, "7").result(WAIT) == 7
    gate.set()
    assert all(future.result(WAIT) for future in held)


def test_extra_threads_end(hire):
    before = threads()
    some, gate = hire(least=1, most=9), threading.Event()
    held = [some.submit(gate.wait, WAIT) for _ in range(9)]
    assert reaches(before + 10)  # nine that answer, and the one that watches
    gate.set()
    assert all(future.result(WAIT) for future in held)
    assert reaches(before + 2)


def test_an_error_is_in_the_future_and_the_thread_continues(hire):
    one = hire(least=1, most=1)
    with pytest.raises(ValueError, match="nine"):
        one.submit(int, "nine").result(WAIT)
    assert one.submit(int, "9").result(WAIT) == 9


def test_shutdown_runs_the_submitted_calls_and_ends_all_threads(hire):
    before = threads()
    some = hire(least=2, most=4)
    futures = [some.submit(time.sleep, 0.001) for _ in range(50)]
    some.shutdown()
    for future in futures:
        future.result(WAIT)
    assert reaches(before)
