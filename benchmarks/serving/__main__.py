"""Serving: what the embedded server adds to gRPC and to the model, and what batching gains.

    python -m benchmarks.serving [--models DIR --model NAME --signature S] [--seconds 1] [--rounds 9]
    python -m benchmarks.serving --out docs/load.png

One row a call, 16 calls in flight, against a server that answers the same number of bytes and does nothing (target:
0.6 of its calls, for a small model). 64 rows a call, numpy to numpy, one call and four in flight, against the same
model in this process, one call after the other (target: 0.9 of its rows with four). One row a call, 64 in flight,
with batching against without, for a model whose weights are larger than the caches (target: 3 times the calls).
Writing and reading a reply of 1024x784 floats against tf.make_ndarray, which only reads it (target: 50 times as
often). The contestants take turns, and the ratios are medians over turns.

With --out the latencies against the load that is offered are measured as well, and drawn.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import numpy as np
from absl import app, flags

from benchmarks.serving import arrivals
from benchmarks.serving.models import build, inputs, request
from benchmarks.serving.processes import METHOD, echo, server
from benchmarks.serving.rates import Rates, asker, compare, in_process, load, repeated, together
from serving import Client
from serving.protocol import protos, wire

IN_FLIGHT, ROWS, MANY = 16, 64, 64
JOB = 4
"""Calls that a batch job has under way, so that the server computes while a reply travels; `zoo batch` has more."""
LOADS, TURN, TURNS = 9, 3.0, 3
"""Points of the picture, seconds that each is offered for, and how often."""
BATCHING = "max_batch_size { value: 64 } batch_timeout_micros { value: 1000 } num_batch_threads { value: 2 }"


def against_echo(models: Path, model: str, names: list[str], seconds: float, rounds: int) -> None:
    """Prints the signatures' rates at one row, and the last one's at many."""
    with server(models) as address, Client(address, timeout=60) as client:
        metadata = client.metadata(model)
        unknown = set(names) - set(metadata.signatures)
        if unknown:
            raise SystemExit(f"{model} has no signature {min(unknown)}; it has {', '.join(metadata.signatures)}.")
        for name in names:
            one = request(model, name, inputs(metadata.signatures[name], 1))
            with grpc.insecure_channel(address) as channel:
                reply = channel.unary_unary(METHOD)(one, timeout=60)
            with echo(reply) as empty:
                contestants = {"server": load(address, one, IN_FLIGHT), "echo": load(empty, one, IN_FLIGHT)}
                rates = compare(contestants, seconds, rounds)
            print(f"{name}, 1 row, {IN_FLIGHT} in flight (target 0.6, for a small model)")
            print(f"  {f'echo of {len(one)} and {len(reply)} bytes':<32} {rates['echo']:>7.0f}")
            print(f"  {'server':<32} {rates['server']:>7.0f}   {rates.ratio('server', 'echo'):.2f}", flush=True)
        arrays = inputs(metadata.signatures[name], ROWS)
        path = models / model / str(metadata.version)
        served = {
            f"server, {count} in flight": together(lambda: client.predict(model, arrays, signature=name), count)
            for count in (1, JOB)
        }
        inside = in_process(path, name, arrays)
        rates = compare({**inside, **served}, seconds, rounds)
    print(f"{name}, {ROWS} rows, numpy to numpy (target 0.9 with {JOB} in flight)")
    for other in inside:
        print(f"  {f'in process, {other}':<32} {rates[other]:>7.1f}")
    for way in served:
        ratios = " and ".join(f"{rates.ratio(way, other):.2f}" for other in inside)
        print(f"  {way:<32} {rates[way]:>7.1f}   {ratios}", flush=True)


@contextmanager
def with_and_without(models: Path) -> Iterator[dict[str, str]]:
    """What a server does with requests -> its HOST:PORT."""
    parameters = models / "batching.config"
    parameters.write_text(BATCHING)
    batching = ("--enable_batching", f"--batching_parameters_file={parameters}")
    threads = f"--threads={MANY}"
    with server(models, threads) as alone, server(models, threads, *batching) as together:
        yield {"each alone": alone, "batching": together}


def batched(servers: dict[str, str], one: bytes, seconds: float, rounds: int) -> Rates:
    """Prints what batching gains."""
    rates = compare({name: load(address, one, MANY) for name, address in servers.items()}, seconds, rounds)
    print(f"widen, 1 row, {MANY} in flight (target 3)")
    print(f"  {'each alone':<32} {rates['each alone']:>7.0f}")
    print(f"  {'batching':<32} {rates['batching']:>7.0f}   {rates.ratio('batching', 'each alone'):.2f}", flush=True)
    return rates


def codec(seconds: float, rounds: int) -> None:
    """Prints how long a large reply takes to write and read."""
    import tensorflow as tf
    from tensorflow.core.framework.tensor_pb2 import TensorProto

    array = np.random.default_rng(0).random((1024, 784), np.float32)

    def written() -> bytes:
        return b"".join(wire.encode_typed(array))

    stock = TensorProto.FromString(written())
    contestants = {
        "tf.make_ndarray": repeated(lambda: tf.make_ndarray(stock)),
        "written and read": repeated(lambda: wire.decode(protos.TensorProto.FromString(written()))),
    }
    rates = compare(contestants, seconds, rounds)
    print("a reply of 1024x784 floats (target 50)")
    print(f"  {'tf.make_ndarray':<32} {rates['tf.make_ndarray']:>7.1f}")
    print(f"  {'written and read':<32} {rates['written and read']:>7.1f}   {rates.ratio(*reversed(contestants)):.0f}")


def picture(servers: dict[str, str], one: bytes, rates: Rates, path: Path) -> None:
    """Measures latencies up to a little over what each server can answer, prints and draws them."""
    found = {}
    print(f"widen, 1 row, an open loop: {'offered':>11} answered  p50 ms  p99 ms  refused")
    for name, address in servers.items():
        loads = list(np.linspace(0.1, 1.2, LOADS) * rates[name])
        found[name] = arrivals.sweep(asker(address, one), one, loads, TURN, TURNS)
        for p in found[name]:
            figures = f"{p.offered:>11.0f} {p.answered:>8.0f} {p.p50 * 1e3:>7.1f} {p.p99 * 1e3:>7.1f} {p.refused:>8.0%}"
            print(f"  {name:<25} {figures}", flush=True)
    title = f"One row a request, a perceptron of 86 MB; client and server on {os.cpu_count()} cores"
    arrivals.draw(found, title, path)
    print(f"Drawn: {path}")


_MODELS = flags.DEFINE_string("models", None, "folder of models to serve instead of the built ones")
_MODEL = flags.DEFINE_string("model", None, "one of them")
_SIGNATURE = flags.DEFINE_string("signature", None, "one of the model's")
_SECONDS = flags.DEFINE_float("seconds", 1.0, "of a turn", lower_bound=0.01)
_ROUNDS = flags.DEFINE_integer("rounds", 9, "turns of each", lower_bound=1)
_OUT = flags.DEFINE_string("out", None, "PNG of latencies and throughput against offered load")


def main(_: list[str]) -> None:
    """Prints the table."""
    given, turns = [_MODELS.value, _MODEL.value, _SIGNATURE.value], (_SECONDS.value, _ROUNDS.value)
    if any(given) and not all(given):
        raise app.UsageError("--models, --model and --signature go together: give all three or none.")
    if any(given) and _OUT.value:
        raise app.UsageError("--out draws the built model; leave --models, --model and --signature out.")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(f"{'':<34} calls/s   of the other")
    if all(given):
        against_echo(Path(_MODELS.value), _MODEL.value, [_SIGNATURE.value], *turns)
        return
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder)
        build(models)
        against_echo(models, "benchmark", ["decode", "generate"], *turns)
        with with_and_without(models) as servers:
            one = request("benchmark", "widen", {"latents": np.random.default_rng(0).random((1, 100), np.float32)})
            rates = batched(servers, one, *turns)
            if _OUT.value:
                picture(servers, one, rates, Path(_OUT.value))
        codec(*turns)


if __name__ == "__main__":
    app.run(main)
