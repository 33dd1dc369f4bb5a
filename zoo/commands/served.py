"""Commands that serve models and ask a server: serve, sample."""

import sys
from pathlib import Path
from typing import Any

from zoo.command import SERVER, Flag, command
from zoo.errors import UserError


@command(
    "serve",
    "Serves every model in a folder over gRPC, as TF Serving does.",
    example="zoo serve --models models --port 8500",
    flags=[
        Flag("models", str, "models", "folder of MODEL/VERSION/, watched for new ones"),
        Flag("port", int, 8500, "gRPC port; 0 takes a free one"),
        Flag("host", str, "127.0.0.1", "address to listen on; 0.0.0.0 for all"),
        Flag(
            "engine", ("auto", "embedded", "tfserving"), "auto", "auto: tensorflow_model_server, if it is on the PATH"
        ),
    ],
)
def _serve(values: Any, positional: list[str]) -> None:
    from serving import server, tfserving

    models = Path(values.models)
    if values.engine == "tfserving" or (values.engine == "auto" and tfserving.find()):
        sys.exit(tfserving.run(models, values.port))
    server.run(server.ServerConfig(models=models, host=values.host, port=values.port))


_ROWS = 64
"""Rows a request: replies of some hundred kilobytes, neither many nor late."""


@command(
    "sample",
    "Asks a server for samples.",
    "MODEL",
    example="zoo sample vae --count 16 --server 127.0.0.1:8500 --out samples.png",
    flags=[
        Flag("count", int, 64, "how many samples"),
        Flag("seed", int, 0, "seed of the first; the others follow it"),
        Flag("label", int, None, "class to draw, for a model that takes one"),
        Flag("server", str, SERVER, "host:port of a server"),
        Flag("out", str, "samples.png", "a picture (.png) or the numbers (.npz)"),
    ],
    tensorflow=False,
)
def _sample(values: Any, positional: list[str]) -> None:
    import numpy as np

    (model,), out = positional, Path(values.out)
    if out.suffix not in (".png", ".npz"):
        raise UserError(f"--out ends in .png or .npz; received {out}.")
    if values.count < 1:
        raise UserError(f"--count must be above 0; received {values.count}.")
    seeds = np.arange(values.seed, values.seed + values.count, dtype=np.int64)
    samples, version = _ask(values, model, seeds)
    if out.suffix == ".png" and samples.ndim != 4:
        raise UserError(f"{model} draws rows of numbers, {list(samples.shape[1:])}, not images. Give --out an .npz.")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".npz":
        np.savez_compressed(out, images=samples, seed=seeds)
    else:
        from zoo import pictures

        pictures.grid(samples).save(out)
    print(f"{len(seeds)} samples of {model} version {version}: {out}")


def _ask(values: Any, model: str, seeds: Any) -> tuple[Any, int | None]:
    """The samples of these seeds, all from one version."""
    import numpy as np
    from tqdm import tqdm

    from serving import Client

    images, version = [], None
    with Client(values.server) as client, tqdm(total=len(seeds), unit="sample", leave=False) as bar:
        for first in range(0, len(seeds), _ROWS):
            inputs = {"seed": seeds[first : first + _ROWS]}
            if values.label is not None:
                inputs["label"] = np.full_like(inputs["seed"], values.label)
            reply = client.predict(model, inputs, signature="sample", version=version)
            version = reply.version
            images.append(reply["images"])
            bar.update(len(inputs["seed"]))
    return np.concatenate(images), version
