"""An open loop: requests come when they come, as users' do, whether or not those before them were answered."""

import itertools
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


@dataclass(frozen=True)
class Point:
    """What became of an offered load.

    Attributes:
      offered, answered: requests a second.
      p50, p99: seconds from the moment a request was due, so that what a late start costs counts too.
      refused: share that got an error.
    """

    offered: float
    answered: float
    p50: float
    p99: float
    refused: float


def offer(call: Any, request: bytes, rate: float, seconds: float, random: np.random.Generator) -> Point:
    """Poisson arrivals at `rate` for so many seconds, and the replies to all of them."""
    due = np.cumsum(random.exponential(1 / rate, max(2, round(rate * seconds))))
    took = np.full(len(due), np.nan)
    left, all_done = itertools.count(len(due) - 1, -1), threading.Event()
    start = time.perf_counter()

    def ask(place: int) -> None:
        def answered(future: Any) -> None:
            if future.code() == grpc.StatusCode.OK:
                took[place] = time.perf_counter() - start - due[place]
            if next(left) == 0:
                all_done.set()

        call.future(request, timeout=60).add_done_callback(answered)

    for place, at in enumerate(due):
        time.sleep(max(0.0, start + at - time.perf_counter()))
        ask(place)
    all_done.wait()
    ok = ~np.isnan(took)
    if not ok.any():
        raise SystemExit("The server answered none of the requests; its own messages stand above.")
    p50, p99 = np.quantile(took[ok], [0.5, 0.99])
    return Point(len(due) / due[-1], ok.sum() / (due + took)[ok].max(), p50, p99, 1 - ok.mean())


def sweep(call: Any, request: bytes, rates: Sequence[float], seconds: float, rounds: int) -> list[Point]:
    """One point for each rate, its figures the medians of so many turns."""
    random = np.random.default_rng(0)
    turns = [[astuple(offer(call, request, rate, seconds, random)) for rate in rates] for _ in range(rounds)]
    return [Point(*figures) for figures in np.median(turns, axis=0).tolist()]


def draw(servers: Mapping[str, Sequence[Point]], title: str, path: Path) -> None:
    """Latencies, and what was answered, against what was offered, as a PNG."""
    figure = Figure(figsize=(9.2, 3.9), layout="constrained")
    FigureCanvasAgg(figure)
    latency, throughput = figure.subplots(1, 2)
    for i, (name, points) in enumerate(servers.items()):
        offered = [p.offered for p in points]
        latency.plot(offered, [p.p50 * 1e3 for p in points], "o-", color=f"C{i}", markersize=4, label=f"{name}, p50")
        latency.plot(offered, [p.p99 * 1e3 for p in points], "^--", color=f"C{i}", markersize=4, label=f"{name}, p99")
        throughput.plot(offered, [p.answered for p in points], "o-", color=f"C{i}", markersize=4, label=name)
    most = max(p.offered for points in servers.values() for p in points)
    throughput.plot([0, most], [0, most], ":", color="0.5", label="all that is offered")
    latency.set_yscale("log")
    latency.set_ylabel("latency in ms")
    throughput.set_ylabel("answered, requests a second")
    for axes in (latency, throughput):
        axes.set_xlim(0)
        axes.set_xlabel("offered load, requests a second")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False, fontsize=8)
    throughput.set_ylim(0)
    figure.suptitle(title, fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
