"""Calls a second."""

import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from benchmarks.serving.processes import METHOD

Calls = Callable[[float], float]
"""Seconds -> calls a second during them."""


def asker(address: str, request: bytes) -> Any:
    """What asks for the same bytes again and again; replies are received and not read."""
    channel = grpc.insecure_channel(address, [("grpc.max_receive_message_length", -1)])
    call = channel.unary_unary(METHOD)
    call(request, wait_for_ready=True, timeout=60)
    return call


def load(address: str, request: bytes, in_flight: int) -> Calls:
    """The same bytes, so many calls under way all the time."""
    call = asker(address, request)
    return together(lambda: call(request, timeout=60), in_flight)


def together(call: Callable[[], Any], in_flight: int) -> Calls:
    """So many calls under way all the time."""

    def calls(seconds: float) -> float:
        counts = [0] * in_flight
        end = time.perf_counter() + seconds

        def one(place: int) -> None:
            while time.perf_counter() < end:
                call()
                counts[place] += 1

        threads = [threading.Thread(target=one, args=(place,)) for place in range(in_flight)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / (time.perf_counter() - start)

    return calls


def repeated(call: Callable[[], Any]) -> Calls:
    """One call after the other."""

    def calls(seconds: float) -> float:
        count, start = 0, time.perf_counter()
        while time.perf_counter() < start + seconds:
            call()
            count += 1
        return count / (time.perf_counter() - start)

    return calls


def in_process(path: Path, signature: str, arrays: Mapping[str, np.ndarray]) -> dict[str, Calls]:
    """The two ways to call a SavedModel here: the server's engine, and TensorFlow 2's restored function."""
    import tensorflow as tf

    from serving.models.saved_model import SavedModel

    engine, restored = SavedModel(path), tf.saved_model.load(str(path))

    def by_function() -> None:
        tensors = {name: tf.constant(array) for name, array in arrays.items()}
        for value in restored.signatures[signature](**tensors).values():
            value.numpy()

    return {"engine": repeated(lambda: engine.run(signature, arrays)), "TF 2 function": repeated(by_function)}


@dataclass(frozen=True)
class Rates:
    """What contestants reached in each of their turns, in calls a second."""

    turns: Mapping[str, list[float]]

    def __getitem__(self, name: str) -> float:
        """The median."""
        return statistics.median(self.turns[name])

    def ratio(self, name: str, other: str) -> float:
        """Of `name` to `other`: the median over turns, in which both met the same load of the machine."""
        return statistics.median(a / b for a, b in zip(self.turns[name], self.turns[other], strict=True))


def compare(contestants: Mapping[str, Calls], seconds: float, rounds: int) -> Rates:
    """The contestants take turns, after a warm-up."""
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for calls in contestants.values():
        calls(seconds / 3)
    for _ in range(rounds):
        for name, calls in contestants.items():
            rates[name].append(calls(seconds))
    return Rates(rates)
