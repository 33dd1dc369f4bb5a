"""What the client costs to import, against tensorflow-serving-api's, each in a process of its own.

    python -m benchmarks.client_import [--rounds 5]

Seconds are those of the import alone, medians after one round that warms the disk's cache; megabytes are the process's
largest resident size, the interpreter's own included.
"""

import statistics
import subprocess
import sys

from absl import app, flags

IMPORTS = {
    "an empty process": "pass",
    "serving.Client": "import serving; serving.Client",
    "tensorflow_serving predict_pb2": "import tensorflow_serving.apis.predict_pb2",
}
TARGET_SECONDS, TARGET_MEGABYTES = 0.5, 70

_MEASURE = """
import resource, time
start = time.perf_counter()
{code}
seconds = time.perf_counter() - start
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def measure(code: str) -> tuple[float, float]:
    """Seconds that `code` takes in a new interpreter, and its peak in MB."""
    command = [sys.executable, "-c", _MEASURE.format(code=code)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, megabytes = done.stdout.split()[-2:]
    return float(seconds), float(megabytes)


_ROUNDS = flags.DEFINE_integer("rounds", 5, "measurements of each", lower_bound=1)


def main(_: list[str]) -> None:
    """Prints the table."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in IMPORTS}
    for _ in range(_ROUNDS.value + 1):
        for name, code in IMPORTS.items():
            taken[name].append(measure(code))
    found = {
        name: [statistics.median(column) for column in zip(*rows[1:], strict=True)] for name, rows in taken.items()
    }
    seconds, megabytes = found["serving.Client"]
    print("                                        s      MB   times serving.Client")
    for name, (s, mb) in found.items():
        print(f"{name:<34} {s:>6.3f} {mb:>7.1f}   {s / seconds:>5.1f} {mb / megabytes:>5.1f}")
    print(f"\nserving.Client's targets: {TARGET_SECONDS} s, {TARGET_MEGABYTES} MB")


if __name__ == "__main__":
    app.run(main)
