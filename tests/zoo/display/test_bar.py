"""Progress of any long work: a bar on a terminal, some lines in a file."""

import io
import re
from types import SimpleNamespace

import pytest
from terminal import terminal

from zoo.display import progress
from zoo.display.progress import Bar, clock


@pytest.fixture
def now(monkeypatch):
    """A clock that stands still until a test moves it."""
    time = [100.0]
    # The module's name alone: servers in this process keep their clock.
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: time[0]))
    return time


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (5.6, "0:06"), (59.7, "1:00"), (754, "12:34"), (3723, "1:02:03")]
)
def test_a_duration(seconds, shown):
    assert clock(seconds) == shown


def test_a_file_gets_a_line_for_each_tenth_and_one_at_the_end(now):
    file = io.StringIO()
    with Bar(total=200, initial=100, unit="rows", label="batch", file=file) as bar:
        bar.note("2 retries")
        for _ in range(100):
            now[0] += 0.5
            bar.update()
    lines = file.getvalue().splitlines()
    assert [line.split("  ")[1] for line in lines] == [f"{n}/200 rows" for n in (120, 140, 160, 180, 200)]
    assert lines[0] == "batch  120/200 rows  10.0 s  2 rows/s  0:40 left  2 retries"
    assert lines[-1] == "batch  200/200 rows  50.0 s  2 rows/s  0:00 left  2 retries"


def test_quick_work_gets_one_line_and_slow_work_one_a_minute(now):
    file = io.StringIO()
    with Bar(total=1000, unit="rows", file=file) as bar:
        for _ in range(1000):
            now[0] += 0.0005
            bar.update()
    assert file.getvalue() == "1000/1000 rows  0.5 s  2e+03 rows/s  0:00 left\n"
    file = io.StringIO()
    with Bar(total=1000, unit="rows", file=file) as bar:
        for _ in range(6):
            now[0] += 25.0
            bar.update()
    assert [line.split("  ")[0] for line in file.getvalue().splitlines()] == ["3/1000 rows", "6/1000 rows"]


def test_nothing_is_shown_of_no_work_and_where_it_is_not_wanted():
    file = io.StringIO()
    with Bar(total=5, initial=5, unit="rows", file=file):
        pass
    with Bar(total=5, unit="rows", file=file, shown=False) as bar:
        bar.update(5)
    assert not file.getvalue()


def test_a_terminal_gets_a_bar_that_fits_60_columns():
    with terminal(60) as (file, frames), Bar(total=10**7, unit="samples", label="batch", file=file) as bar:
        bar.update(10**6)
        bar.note("{2} retries")
    assert max(map(len, frames)) <= 60
    assert re.search(r"^batch .+ \S+ samples/s \S+ left \{2\} retries$", frames[-1]), frames
