"""Explaining: our fast engine against stock LIME used at its best, shap's KernelExplainer and xplique's Lime.

    python -m benchmarks.explain [--models DIR --model NAME | --untrained] [--seeds 10]

One model (an exported one, or a small DCGAN that is trained first, for a minute or two; --untrained: a discriminator of
a DCGAN's size and random weights), one image of 28x28 in a grid of 7 by 7, one baseline, the same compiled function
behind all, one thread. Each explains once a seed; medians of
the milliseconds (CPU and wall), and stability: how far the five strongest parts agree over the seeds (VSI). `times` is
the CPU time relative to ours: all of ours, ours of as many rows, or ours of as few rows as it takes to be as stable as
the contestant, as the row says. At equal rows no contestant can be further from ours than the model's own time, which
all pay, lets it be.

A peer that is not installed is left out and said to be. `make bench` installs shap; xplique pins an older TensorFlow
but runs on this one, so it comes without what it asks for: pip install --no-deps xplique deprecated wrapt
opencv-python-headless.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from absl import app, flags

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(_threads, "1")  # before numpy

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from benchmarks.explainers import GREY, PEERS, SHAPE, Explainer, installed, kernel_shap, ours, stock  # noqa: E402
from benchmarks.serving.processes import server  # noqa: E402
from explain import Function, Local, Remote, explain  # noqa: E402
from explain.errors import RequestError  # noqa: E402
from explain.quality.metrics import TOP, stability  # noqa: E402

SIZES = (67, 99, 131, 195, 257, 385, 513, 769, 1025, 2049, 4097)


class Measured(NamedTuple):
    """Medians over the seeds."""

    evaluations: int
    cpu: float
    wall: float
    vsi: float


def train(folder: Path) -> None:
    """Writes FOLDER/discriminator/1: a small DCGAN that has seen the digits of mnist-5k 14 times."""
    zoo = [sys.executable, "-m", "zoo"]
    learn = ["train", "gan", "networks=dcgan", "width=16", "--epochs", "14", "--out", f"{folder}/run"]
    give = ["export", f"{folder}/run", "--models", str(folder), "--name", "discriminator"]
    threads = {"TF_NUM_INTRAOP_THREADS": "0", "TF_NUM_INTEROP_THREADS": "0"}
    for command in (learn, give):
        subprocess.run([*zoo, *command], check=True, env=os.environ | threads)


def build(folder: Path) -> None:
    """Writes FOLDER/discriminator/1: two strided convolutions and a logit, with weights of one seed."""
    import tensorflow as tf

    rng, module = np.random.default_rng(0), tf.Module()
    module.weights = [
        tf.Variable(rng.normal(0, s, shape).astype(np.float32))
        for s, shape in ((0.2, (4, 4, 1, 64)), (0.03, (4, 4, 64, 128)), (0.05, (7 * 7 * 128, 1)))
    ]

    @tf.function(input_signature=[tf.TensorSpec((None, *SHAPE), tf.float32, "images")])
    def discriminate(images: Any) -> dict[str, Any]:
        x = tf.nn.leaky_relu(tf.nn.conv2d(2 * images - 1, module.weights[0], 2, "SAME"), 0.2)
        x = tf.nn.leaky_relu(tf.nn.conv2d(x, module.weights[1], 2, "SAME"), 0.2)
        return {"logits": (tf.reshape(x, (-1, 7 * 7 * 128)) @ module.weights[2])[:, 0]}

    tf.saved_model.save(module, str(folder / "discriminator" / "1"), signatures={"discriminate": discriminate})


def picture(source: Local) -> NDArray[np.float32]:
    """The model's own sample; of one that draws none, a handwritten 3 of 8x8, enlarged, on a faint ground."""
    from sklearn.datasets import load_digits

    with contextlib.suppress(RequestError):
        return source.sample(0)
    small = np.asarray(load_digits().images[3]) / 16
    return np.pad(np.kron(small, np.ones((3, 3))), 2)[..., None].astype(np.float32) * 0.9 + 0.05


def compiled(folder: Path) -> Callable[[Any], Any]:
    """The discriminator's logits as one TensorFlow function of a batch."""
    import tensorflow as tf

    model = tf.saved_model.load(str(folder))
    run = model.signatures["discriminate"]

    @tf.function(input_signature=[tf.TensorSpec((None, *SHAPE), tf.float32)])
    def logits(images: Any) -> Any:
        return tf.reshape(run(images)["logits"], (-1,))

    logits.model = model  # it owns the variables
    return logits


def measure(explainer: Explainer, evaluations: int, seeds: int) -> Measured:
    """Explains once to warm up, then once a seed."""
    explainer(10_000, evaluations)
    cpu, wall, strongest = [], [], []
    for seed in range(seeds):
        before = time.process_time(), time.perf_counter()
        coefficients = explainer(seed, evaluations)
        cpu.append(time.process_time() - before[0])
        wall.append(time.perf_counter() - before[1])
        strongest.append([int(k) for k in np.argsort(-np.abs(coefficients), kind="stable")[:TOP]])
    milliseconds = [1000 * statistics.median(times) for times in (cpu, wall)]
    return Measured(evaluations, *milliseconds, stability(strongest))


def as_stable(explainer: Explainer, vsi: float, seeds: int) -> Measured:
    """The first of SIZES at which a peer is as stable; the last, if none is."""
    for size in SIZES:
        found = measure(explainer, size, seeds)
        if found.vsi >= vsi:
            break
    return found


def show(name: str, found: Measured, base: Measured, target: str = "") -> None:
    """A row: times, stability, and how many times our CPU time it takes."""
    print(
        f"{name:<44}{found.evaluations:>6}{found.cpu:>9.1f}{found.wall:>9.1f}{100 * found.vsi:>7.1f}"
        f"{found.cpu / base.cpu:>8.1f}  {target}",
        flush=True,
    )


_MODELS = flags.DEFINE_string("models", None, "folder of exported models")
_MODEL = flags.DEFINE_string("model", "discriminator", "with discriminate(images [B, 28, 28, 1]) -> logits")
_UNTRAINED = flags.DEFINE_boolean("untrained", False, "a larger discriminator of random weights")
_SEEDS = flags.DEFINE_integer("seeds", 10, "explanations of each contestant, which are compared", lower_bound=2)


def main(_: list[str]) -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as temporary:
        models = Path(_MODELS.value or temporary)
        if _MODELS.value is None:
            (build if _UNTRAINED.value else train)(models)
        run(models, _MODEL.value, _SEEDS.value)


def run(models: Path, model: str, seeds: int) -> None:
    """Every contestant, then what the network adds."""
    local = Local(models, model)
    x, logits = picture(local), compiled(local.folder)
    mine = measure(ours(logits, x), 0, seeds)
    found = explain(Function(lambda images: logits(images).numpy()), x, baseline=GREY)
    mine = mine._replace(evaluations=found.evaluations)
    equal = measure(ours(logits, x, agreement=0), 1000, seeds)
    copies = np.repeat(x[None], 1000, axis=0)
    bare = measure(lambda seed, rows: logits(copies).numpy(), 1000, seeds)
    print(f"{'':<44}  rows   CPU ms  wall ms    VSI   times")
    print(f"{'the model alone, which all of them ask':<44}{1000:>6}{bare.cpu:>9.1f}{bare.wall:>9.1f}")
    show("ours, stops when it agrees", mine, mine)
    show("ours, 1000 rows", equal, mine)
    show("ours, engine lime, 1000 rows", measure(ours(logits, x, engine="lime"), 1000, seeds), mine)
    usual = measure(stock(logits, x), 1000, seeds)
    show("stock lime, 10 a call", usual, mine)
    least = as_stable(ours(logits, x, agreement=0), usual.vsi, seeds)
    show("ours, as stable as stock lime", least, mine)
    show("stock lime, against that", usual, least, "target 10")
    for package in sorted(PEERS.keys() - installed().keys()):
        print(f"{package} is not installed")
    for name, make in installed().items():
        peer = make(logits, x)
        show(f"{name}, against ours of 1000", measure(peer, 1000, seeds), equal, "target 1.3")
        show(f"{name}, as stable as ours", as_stable(peer, mine.vsi, seeds), mine, "target 2")

    free = {"ours": ours(_pixel, x, agreement=0)}
    if "shap" in installed():
        free["shap"] = kernel_shap(_pixel, x)
    print("\nwithout the model, 1000 samples (target 5 ms):")
    for name, explainer in free.items():
        print(f"{name:<44}{measure(explainer, 1002, max(seeds, 20)).cpu:>15.1f}")
    with server(models) as address, Remote(address, model) as source:
        explain(source, x, baseline=GREY)
        served = explain(source, x, baseline=GREY)
    print(f"served: {served.evaluations} rows in {served.calls} calls (target 4), {1000 * served.seconds:.0f} ms")


class _Pixel(NamedTuple):
    """One pixel of each image, to be asked for as a tensor is: a model that takes no time."""

    values: NDArray[Any]

    def numpy(self) -> NDArray[Any]:
        return self.values


def _pixel(images: NDArray[Any]) -> _Pixel:
    return _Pixel(images[:, 14, 14, 0])


if __name__ == "__main__":
    app.run(main)
