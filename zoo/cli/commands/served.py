"""Commands that serve models and ask a server: serve, sample, status, describe, predict."""

import sys
import zipfile
from pathlib import Path
from typing import Any

from zoo.cli.command import SERVER, Flag, command
from zoo.core.errors import UserError


@command(
    "serve",
    "Serves every model in a folder over gRPC, as TF Serving does; after -- come flags of tensorflow_model_server.",
    "[FLAGS...]",
    example="zoo serve --models models --port 8500 -- --enable_batching",
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
    from serving.server import embedded as server
    from serving.server import tfserving

    models = Path(values.models)
    if values.engine == "tfserving" or (values.engine == "auto" and tfserving.find()):
        sys.exit(tfserving.run(models, values.port, positional))
    sys.exit(server.serve([f"--models={models}", f"--port={values.port}", f"--host={values.host}", *positional]))


CONNECTION = (
    Flag("server", str, SERVER, "host:port of a server"),
    Flag("timeout", float, 60.0, "seconds for a call, retries included"),
    Flag("ca", str, None, "PEM file of the CA certificates; turns TLS on"),
    Flag("certificate", str, None, "PEM file of the client's certificate, for mutual TLS; with --key"),
    Flag("key", str, None, "PEM file of the certificate's key"),
    Flag("metadata", list, None, "sent with every call, as in authorization=TOKEN"),
)
"""How a command reaches a server."""


def connect(values: Any, **options: Any) -> Any:
    """The Client that the flags of CONNECTION describe, with further options of its own."""
    from serving import Client, Tls

    if bool(values.certificate) != bool(values.key) or (values.key and not values.ca):
        raise UserError("--certificate and --key belong together, and with --ca.")
    files = {name: Path(values[name].value) for name in ("ca", "certificate", "key") if values[name].value}
    pairs = dict(_pair("metadata", text) for text in values.metadata or ())
    tls = Tls(**files) if files else None
    return Client(values.server, timeout=values.timeout, tls=tls, metadata=pairs, **options)


def _pair(flag: str, text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise UserError(f"--{flag} is written name=value,name=value; received {text!r}.")
    return key, value


def numbers(flag: str, text: str | None) -> list[int]:
    """The numbers of a flag: 3, or 0,1,2, or 0:10; none where it was not given."""
    if text is None:
        return []
    if ":" in text:
        return list(range(*span(flag, text)))
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"--{flag} is 3, or 0,1,2, or 0:10; received {text!r}.") from None


def span(flag: str, text: str) -> tuple[int, int]:
    """The two numbers of START:STOP."""
    try:
        start, stop = (int(part) for part in text.split(":"))
    except ValueError:
        raise UserError(f"--{flag} is START:STOP, as in 0:1000; received {text!r}.") from None
    if stop <= start:
        raise UserError(f"--{flag} is START:STOP with STOP above START; received {text!r}.")
    return start, stop


LABELS = Flag("labels", str, None, "classes to take by turns, for a model that takes one: 3, or 0,1,2, or 0:10")


@command(
    "sample",
    "Asks a server for samples.",
    "MODEL",
    example="zoo sample vae --count 16 --server 127.0.0.1:8500 --out samples.png",
    flags=[
        Flag("count", int, 64, "how many samples"),
        Flag("seed", int, 0, "seed of the first; the others follow it"),
        LABELS,
        Flag("out", str, "samples.png", "a picture (.png; videos move, in a .gif) or the numbers (.npz)"),
        *CONNECTION,
    ],
    tensorflow=False,
)
def _sample(values: Any, positional: list[str]) -> None:
    import numpy as np
    from tqdm import tqdm

    from serving import batch
    from serving.client import chunks

    (model,), out, parts = positional, Path(values.out), []
    if out.suffix not in (".png", ".gif", ".npz"):
        raise UserError(f"--out ends in .png, .gif (for videos) or .npz; received {out}.")
    if values.count < 1:
        raise UserError(f"--count must be above 0; received {values.count}.")
    rows = batch.Seeds(values.seed, values.seed + values.count, numbers("labels", values.labels))
    with connect(values) as client, tqdm(total=rows.count, unit=" samples", leave=False) as bar:
        try:
            inputs, _ = batch.fitted(batch.Job(model, "sample"), rows, client.metadata(model)).take(0, rows.count)
        except batch.JobError as error:
            raise UserError(str(error)) from None
        for reply in client.stream(model, chunks.cut(inputs, chunks.ROWS), signature="sample"):
            kind = "videos" if "videos" in reply else "images"
            parts.append(reply[kind])
            bar.update(len(reply[kind]))
    samples = np.concatenate(parts)
    if out.suffix != ".npz" and samples.ndim not in (4, 5):
        raise UserError(f"{model} draws rows of numbers, {list(samples.shape[1:])}, not images. Give --out an .npz.")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".npz":
        arrays: dict[str, Any] = {kind: samples, **inputs}
        np.savez_compressed(out, **arrays)
    else:
        from zoo.display import pictures

        out = pictures.save(samples, out)
    print(f"{rows.count} samples of {model} version {reply.version}: {out}")


@command(
    "status",
    "The versions of a model that a server has, and how they are.",
    "MODEL",
    example="zoo status vae --server 127.0.0.1:8500",
    flags=CONNECTION,
    tensorflow=False,
)
def _status(values: Any, positional: list[str]) -> None:
    with connect(values) as client:
        print(*client.status(positional[0]), sep="\n")


@command(
    "describe",
    "The signatures of a served model: names, types, shapes.",
    "MODEL",
    example="zoo describe vae --server 127.0.0.1:8500",
    flags=[Flag("version", int, None, "default: the latest"), *CONNECTION],
    tensorflow=False,
)
def _describe(values: Any, positional: list[str]) -> None:
    with connect(values) as client:
        print(client.describe(positional[0], values.version))


@command(
    "predict",
    "Calls a signature of a served model with arrays from files.",
    "MODEL",
    example="zoo predict vae --signature encode --input images=samples.npz --out codes.npz",
    flags=[
        Flag("input", list, None, "NAME=FILE.npy, or NAME=FILE.npz with an array of that name; several by commas"),
        Flag("signature", str, "serving_default", "which of the model's functions"),
        Flag("version", int, None, "default: the latest"),
        Flag("outputs", list, None, "those wanted; default: all"),
        Flag("out", str, None, ".npz for the outputs; default: they are shown"),
        *CONNECTION,
    ],
    tensorflow=False,
)
def _predict(values: Any, positional: list[str]) -> None:
    import numpy as np

    if values.out and Path(values.out).suffix != ".npz":
        raise UserError(f"--out ends in .npz; received {values.out}.")
    inputs = {name: _array(name, Path(file)) for name, file in (_pair("input", text) for text in values.input or ())}
    options = {"signature": values.signature, "version": values.version, "outputs": values.outputs or ()}
    with connect(values) as client:
        reply = client.predict(positional[0], inputs, **options)
    print(f"{reply.model} version {reply.version}, {reply.signature}")
    for name, value in reply.items():
        print(f"{name}: {value.dtype.name} {list(value.shape)}")
        if not values.out:
            print(np.array2string(value, threshold=20, precision=4))
    if values.out:
        Path(values.out).parent.mkdir(parents=True, exist_ok=True)
        np.savez(values.out, **reply)
        print(values.out)


def _array(name: str, file: Path) -> Any:
    """The array of a .npy, or the one of that name in an .npz."""
    import numpy as np

    try:
        with file.open("rb") as opened:
            found = np.load(opened, allow_pickle=False)
            return found if isinstance(found, np.ndarray) else found[name]
    except KeyError:
        raise UserError(f"{file} has no array {name!r}; it has {', '.join(found.files)}.") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"--input {name}: {file} is no readable .npy or .npz ({error}).") from None
