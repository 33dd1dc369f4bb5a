"""Serving: what the embedded server adds to gRPC, and to the model.

    python -m benchmarks.serving [--models DIR --model NAME --signature S] [--seconds 3] [--rounds 3]

One row a call, 16 calls in flight, against a server that answers the same number of bytes and does nothing (target:
0.4 of its calls, for a small model). Then 64 rows a call, numpy to numpy, against the same model in this process
(target: 0.8 of its rows). The contestants take turns, and medians are compared. Without --models, the models are a
perceptron that decodes 16 numbers to 784, and a generator of a DCGAN's size.
"""

import argparse
import contextlib
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from serving import Client, Signature, protos, wire

METHOD = "/tensorflow.serving.PredictionService/Predict"
IN_FLIGHT, ROWS = 16, 64
Calls = Callable[[float], float]
"""Seconds -> calls a second during them."""


def build(models: Path) -> None:
    """Writes MODELS/benchmark/1 with the signatures decode(codes [B, 16]) and generate(latents [B, 100])."""
    import tensorflow as tf

    random = np.random.default_rng(0)

    def variable(*shape: int) -> Any:
        return tf.Variable(random.normal(0, 0.05, shape).astype(np.float32))

    module = tf.Module()
    module.weights = [variable(16, 128), variable(128, 784), variable(100, 7 * 7 * 128)]
    module.kernels = [variable(4, 4, 64, 128), variable(4, 4, 1, 64)]

    @tf.function(input_signature=[tf.TensorSpec((None, 16), tf.float32, "codes")])
    def decode(codes: Any) -> dict[str, Any]:
        return {"images": tf.sigmoid(tf.nn.relu(codes @ module.weights[0]) @ module.weights[1])}

    @tf.function(input_signature=[tf.TensorSpec((None, 100), tf.float32, "latents")])
    def generate(latents: Any) -> dict[str, Any]:
        batch = tf.shape(latents)[0]
        x = tf.nn.relu(tf.reshape(latents @ module.weights[2], (-1, 7, 7, 128)))
        x = tf.nn.relu(tf.nn.conv2d_transpose(x, module.kernels[0], (batch, 14, 14, 64), 2))
        return {"images": tf.sigmoid(tf.nn.conv2d_transpose(x, module.kernels[1], (batch, 28, 28, 1), 2))}

    tf.saved_model.save(module, str(models / "benchmark" / "1"), signatures={"decode": decode, "generate": generate})


def inputs(signature: Signature, rows: int) -> dict[str, np.ndarray]:
    """Arrays that the signature takes: integers count from 0, floats are uniform in [0, 1)."""
    made = {}
    for name, spec in signature.inputs.items():
        shape = [rows if i == 0 else side or 1 for i, side in enumerate(spec.shape or (rows,))]
        counted = np.arange(int(np.prod(shape))).reshape(shape)
        floats = np.random.default_rng(0).random(shape)
        made[name] = (floats if spec.dtype.startswith("float") else counted).astype(spec.dtype)
    return made


@contextlib.contextmanager
def server(models: Path) -> Iterator[str]:
    """HOST:PORT of the embedded server in a process of its own."""
    command = [sys.executable, "-m", "serving.server", "--models", str(models), "--port", "0"]
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"on (\S+:\d+)$", line.strip())
            if not found:
                raise SystemExit("The server did not start; its own message stands above.")
            yield found[1]
        finally:
            process.terminate()


def _echo(reply: bytes, pipe: Any) -> None:
    """The whole of the other process: it answers `reply` to everything until the pipe closes."""
    handler = grpc.unary_unary_rpc_method_handler(lambda request, context: reply)
    service, method = METHOD[1:].split("/")
    echoing = grpc.server(
        ThreadPoolExecutor(2 * IN_FLIGHT),
        handlers=[grpc.method_handlers_generic_handler(service, {method: handler})],
        options=[("grpc.max_receive_message_length", -1)],
    )
    pipe.send(f"127.0.0.1:{echoing.add_insecure_port('127.0.0.1:0')}")
    echoing.start()
    with contextlib.suppress(EOFError):
        pipe.recv()
    echoing.stop(None).wait()


@contextlib.contextmanager
def echo(reply: bytes) -> Iterator[str]:
    """HOST:PORT of a server that answers `reply` to every request."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_echo, args=(reply, theirs))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join()


def load(address: str, request: bytes) -> Calls:
    """The same bytes again and again, with IN_FLIGHT calls under way; replies are received and not read."""
    channel = grpc.insecure_channel(address, [("grpc.max_receive_message_length", -1)])
    call = channel.unary_unary(METHOD)
    call(request, wait_for_ready=True, timeout=60)

    def calls(seconds: float) -> float:
        counts = [0] * IN_FLIGHT
        end = time.perf_counter() + seconds

        def one(place: int) -> None:
            while time.perf_counter() < end:
                call(request, timeout=60)
                counts[place] += 1

        threads = [threading.Thread(target=one, args=(place,)) for place in range(IN_FLIGHT)]
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

    from serving.engine import SavedModel

    engine, restored = SavedModel(path), tf.saved_model.load(str(path))

    def by_function() -> None:
        tensors = {name: tf.constant(array) for name, array in arrays.items()}
        for value in restored.signatures[signature](**tensors).values():
            value.numpy()

    return {"engine": repeated(lambda: engine.run(signature, arrays)), "TF 2 function": repeated(by_function)}


def compare(contestants: Mapping[str, Calls], seconds: float, rounds: int) -> dict[str, float]:
    """Name -> median calls a second, the contestants taking turns."""
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for calls in contestants.values():
        calls(seconds / 3)  # warms up
    for _ in range(rounds):
        for name, calls in contestants.items():
            rates[name].append(calls(seconds))
    return {name: statistics.median(values) for name, values in rates.items()}


def request(model: str, signature: str, arrays: Mapping[str, np.ndarray]) -> bytes:
    """A PredictRequest."""
    message = protos.PredictRequest()
    message.model_spec.name, message.model_spec.signature_name = model, signature
    for name, array in arrays.items():
        message.inputs[name].CopyFrom(wire.encode(array))
    return message.SerializeToString()


def measure(models: Path, model: str, names: list[str], seconds: float, rounds: int) -> None:
    """Prints the table of the signatures `names`, the last of which is called with 64 rows as well."""
    print(f"{'':<34} calls/s   of the other")
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
                rates = compare({"server": load(address, one), "echo": load(empty, one)}, seconds, rounds)
            print(f"{name}, 1 row, {IN_FLIGHT} in flight")
            print(f"  {f'echo of {len(one)} and {len(reply)} bytes':<32} {rates['echo']:>7.0f}")
            print(f"  {'server':<32} {rates['server']:>7.0f}   {rates['server'] / rates['echo']:.2f}")
        arrays = inputs(metadata.signatures[name], ROWS)
        path = models / model / str(metadata.version)
        served = {"server": repeated(lambda: client.predict(model, arrays, signature=name))}
        rates = compare({**in_process(path, name, arrays), **served}, seconds, rounds)
    print(f"  (target 0.4, for a small model)\n{name}, {ROWS} rows")
    for other in ("engine", "TF 2 function"):
        print(f"  {f'in process, {other}':<32} {rates[other]:>7.1f}")
    ratios = " and ".join(f"{rates['server'] / rates[other]:.2f}" for other in ("engine", "TF 2 function"))
    print(f"  {'server, numpy to numpy':<32} {rates['server']:>7.1f}   {ratios} (target 0.8)")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, help="folder of models to serve instead of the built ones")
    parser.add_argument("--model", help="one of them")
    parser.add_argument("--signature", help="one of the model's")
    parser.add_argument("--seconds", type=float, default=3.0, help="a turn (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (default: %(default)s)")
    options = parser.parse_args()
    given = [options.models, options.model, options.signature]
    if any(given) and not all(given):
        parser.error("--models, --model and --signature go together: give all three or none.")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if all(given):
        measure(options.models, options.model, [options.signature], options.seconds, options.rounds)
        return
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        measure(Path(folder), "benchmark", ["decode", "generate"], options.seconds, options.rounds)


if __name__ == "__main__":
    main()
