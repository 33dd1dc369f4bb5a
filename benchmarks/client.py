"""The client: what requests in flight, asyncio, more channels and a batch job's files make of one server.

    python -m benchmarks.client [--requests 500] [--rounds 3]

Rows a second of the small decoder of benchmarks.serving, 64 rows a request, as ratios of one request at a time. The
contestants take turns, and the ratios are medians over turns. The server has the same cores as the client.
"""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from absl import app, flags

from benchmarks.serving.models import build
from benchmarks.serving.processes import server
from benchmarks.serving.rates import compare
from serving import AsyncClient, Client, batch
from serving.client.chunks import ROWS

BATCH = {"codes": np.random.default_rng(0).random((ROWS, 16), np.float32)}
CALL = {"model": "benchmark", "signature": "decode", "version": 1}


def one_at_a_time(address: str, requests: int) -> None:
    """Waits for each reply."""
    with Client(address, timeout=60) as client:
        for _ in range(requests):
            client.predict(inputs=BATCH, **CALL)


def stream(address: str, requests: int, channels: int = 1) -> None:
    """A window of requests in flight."""
    with Client(address, timeout=60, channels=channels) as client:
        for _ in client.stream(batches=itertools.repeat(BATCH, requests), **CALL):
            pass


def asynchronous(address: str, requests: int) -> None:
    """The same window from an event loop."""

    async def ask() -> None:
        async with AsyncClient(address, timeout=60) as client:
            async for _ in client.stream(batches=itertools.repeat(BATCH, requests), **CALL):
                pass

    asyncio.run(ask())


def job(address: str, requests: int, form: str) -> None:
    """A batch job over a file of as many rows."""
    with tempfile.TemporaryDirectory() as folder, Client(address, timeout=60) as client:
        np.savez(Path(folder) / "codes.npz", codes=np.tile(BATCH["codes"], (requests, 1)))
        rows = batch.read_inputs(Path(folder) / "codes.npz")
        batch.run(client, batch.Job("benchmark", "decode", format=form), rows, Path(folder) / "out", progress=False)


CONTESTANTS: dict[str, Callable[[str, int], None]] = {
    "one request at a time": one_at_a_time,
    "8 in flight": stream,
    "8 in flight, 2 channels": lambda address, requests: stream(address, requests, channels=2),
    "8 in flight, asyncio": asynchronous,
    "batch job, .npz": lambda address, requests: job(address, requests, "npz"),
    "batch job, TFRecords": lambda address, requests: job(address, requests, "tfrecord"),
}

_REQUESTS = flags.DEFINE_integer("requests", 500, "requests of each in a turn", lower_bound=1)
_ROUNDS = flags.DEFINE_integer("rounds", 3, "turns of each", lower_bound=1)


def main(_: list[str]) -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        with server(Path(folder)) as address:

            def timed(run: Callable[[str, int], None]) -> Callable[[float], float]:
                def rate(_: float) -> float:
                    start = time.perf_counter()
                    run(address, _REQUESTS.value)
                    return _REQUESTS.value * ROWS / (time.perf_counter() - start)

                return rate

            rates = compare({name: timed(run) for name, run in CONTESTANTS.items()}, 0, _ROUNDS.value)
    print(f"{'':<26} rows/s   of one at a time")
    for name in CONTESTANTS:
        print(f"{name:<26} {rates[name]:>6.0f}   {rates.ratio(name, 'one request at a time'):.2f}")


if __name__ == "__main__":
    app.run(main)
