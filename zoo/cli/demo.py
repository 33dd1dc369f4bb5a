"""`zoo demo`: trains, exports, serves, samples and explains by the commands that a user types, and writes a page."""

import base64
import contextlib
import html
import io
import re
import shlex
import signal
import string
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from explain import Explanation
from serving.protocol.files import write_whole
from zoo.cli.command import call
from zoo.core.errors import Failure
from zoo.display import curves, pictures

MODELS = ("dcgan", "vae")


def run(out: Path, *, data: str, gan_epochs: int, vae_epochs: int) -> None:
    """Trains, exports, serves, samples and explains in `out`, and writes `out`/index.html.

    The same call continues after an interruption. The server's process ends with it.
    """
    started, done, at = time.monotonic(), Commands(), shlex.quote(str(out))
    epochs = {"dcgan": gan_epochs, "vae": vae_epochs}
    extra = {"dcgan": "smoothing=0.1 --batch-size 64 --ema 0.99", "vae": ""}
    with _terminated_as_interrupted():
        for model in MODELS:
            done(f"train {model} {extra[model]} --data {data} --epochs {epochs[model]} --out {at}/runs/{model}")
        for model in MODELS:
            done(f"export {at}/runs/{model} --models {at}/models")
        with _server(f"{at}/models", done) as address:
            for model in MODELS:
                done(f"sample {model} --count 64 --seed 0 --server {address} --out {at}/{model}.png")
            facts = _request(address, out, data)
            done(f"explain dcgan --seed {facts['seed']} --server {address} --out {at}/explanation.json")
    for model in MODELS:
        curves.draw(pictures.read_log(out / "runs" / model / "log.csv"), out / f"{model}-losses.png", title=model)
    page = _page(out, done, facts, time.monotonic() - started)
    print(f"\nThe page: {page}\nNext: zoo serve --models {out}/models, and in another shell\n"
          f"      zoo sample dcgan --count 100 --seed 1000 --out more.png")  # fmt: skip


class Commands:
    """Runs commands of zoo in this process, and keeps each line with its seconds."""

    def __init__(self) -> None:
        self.log: list[tuple[str, float]] = []

    def __call__(self, line: str) -> None:
        line = " ".join(line.split())
        print(f"\n$ zoo {line}", flush=True)
        before = time.monotonic()
        call(shlex.split(line))
        self.log.append((f"zoo {line}", time.monotonic() - before))


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Within, SIGTERM unwinds like Ctrl-C, so that the server is stopped."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _server(models: str, done: Commands) -> Iterator[str]:
    """A server process of its own; its address, once it answers."""
    line = f"serve --engine embedded --models {models} --port 0"
    print(f"\n$ zoo {line} &", flush=True)
    before = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "zoo", *shlex.split(line)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = None
        for text in process.stdout:
            print(text, end="", flush=True)
            if found := re.search(r"^Serving .* on (\S+:\d+)$", text):
                address = found[1]
                break
        if address is None:
            raise ServerFailed(f"the server ended with code {process.wait()} before it served.")
        done.log.append((f"zoo {line} &", time.monotonic() - before))
        yield address
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class ServerFailed(Failure):
    """The demo's server did not start; its own message stands above."""


def _request(address: str, out: Path, data: str) -> dict[str, Any]:
    """Requests of a program over gRPC: reconstructions, an interpolation, the discriminator's logits; with pictures."""
    from serving import Client
    from zoo import data as datasets
    from zoo.core.features import to_unit

    images = to_unit(next(iter(datasets.load(data).test.batches(10, seed=0)))["image"].numpy())
    with Client(address) as client:
        again = client.predict("vae", {"images": images}, signature="reconstruct")
        ends = client.predict("vae", {"images": images[[0, -1]]}, signature="encode")["mean"]
        way = np.linspace(0, 1, 10, dtype=np.float32)[:, None]
        between = client.predict("vae", {"codes": (1 - way) * ends[0] + way * ends[1]}, signature="decode")["images"]
        seeds = np.arange(64)
        samples = client.predict("dcgan", {"seed": seeds}, signature="sample")["images"]
        logits = {
            name: client.predict("dcgan", {"images": x}, signature="discriminate")["logits"]
            for name, x in (("real", images), ("fake", samples))
        }
    pictures.grid(np.concatenate([images, again["images"]]), columns=10).save(out / "reconstructions.png")
    pictures.grid(between, columns=10).save(out / "interpolation.png")
    best = int(np.argmax(logits["fake"]))
    return {
        "seed": int(seeds[best]),
        "best": float(logits["fake"][best]),
        "real": float(logits["real"].mean()),
        "fake": float(logits["fake"].mean()),
        "error": float(again["error"].mean()),
    }


def _page(out: Path, done: Commands, facts: dict[str, Any], seconds: float) -> Path:
    explanation = Explanation.load(out / "explanation.json")
    explanation.save(out / "explanation.png")
    template = string.Template(resources.files("zoo.cli").joinpath("demo.html").read_text())
    names = ("dcgan", "vae", "reconstructions", "interpolation", "explanation", "dcgan-losses", "vae-losses")
    values = {name.replace("-", "_"): _inline(out / f"{name}.png") for name in names}
    page = out / "index.html"
    text = template.substitute(
        values,
        seed=facts["seed"],
        best=f"{facts['best']:+.2f}",
        real=f"{facts['real']:+.2f}",
        fake=f"{facts['fake']:+.2f}",
        error=f"{facts['error']:.4f}",
        verdict=html.escape(explanation.verdict),
        found=explanation.headline,
        evaluations=explanation.evaluations,
        calls=explanation.calls,
        seconds=f"{seconds:.0f}",
        losses=_losses(out),
        commands=_commands(done.log),
    )
    write_whole(page, text)
    return page


def _inline(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def _losses(out: Path) -> str:
    rows = io.StringIO()
    for model in MODELS:
        log = pictures.read_log(out / "runs" / model / "log.csv")
        rows.write(f"<tr><td>{model}<td>seconds<td>{log['seconds'][0]:.1f}<td>{log['seconds'][-1]:.1f}")
        for term in (key for key in log if "/" in key):
            rows.write(f"<tr><td>{model}<td>{term}<td>{log[term][0]:.3f}<td>{log[term][-1]:.3f}")
    return rows.getvalue()


def _commands(log: Sequence[tuple[str, float]]) -> str:
    return "".join(f"<tr><td><code>{html.escape(line)}</code><td>{seconds:.1f} s" for line, seconds in log)
