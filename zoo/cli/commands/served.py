"""Commands that serve models and call them: serve, status, describe, sample, predict."""

import sys
import zipfile
from pathlib import Path
from typing import Any

from zoo.cli.command import command
from zoo.cli.connection import CONNECTION, MODELS, Model, connect
from zoo.cli.flags import Flag
from zoo.cli.options import LABELS, numbers, pair
from zoo.core.errors import UserError


@command(
    "serve",
    "[FLAGS...]",
    example="zoo serve --models models --port 8500 -- --enable_batching",
    flags=[
        Flag("models", str, "models", "folder of MODEL/VERSION/, watched for new ones"),
        Flag("port", int, 8500, "gRPC port; 0 takes a free one"),
        Flag("host", str, "127.0.0.1", "address to listen on; 0.0.0.0 for all"),
        Flag(
            "engine",
            ("auto", "embedded", "tfserving"),
            "auto",
            "auto takes tensorflow_model_server if it is on the PATH",
        ),
    ],
)
def _serve(values: Any, positional: list[str]) -> None:
    """After -- come flags of tensorflow_model_server."""
    from serving.server import tfserving

    models = Path(values.models)
    if values.engine == "tfserving" or (values.engine == "auto" and tfserving.find()):
        sys.exit(tfserving.run(models, values.port, positional))
    from serving.server import embedded

    sys.exit(embedded.serve([f"--models={models}", f"--port={values.port}", f"--host={values.host}", *positional]))


@command(
    "sample",
    "MODEL",
    example="zoo sample vae --count 16 --server 127.0.0.1:8500 --out samples.png",
    flags=[
        Flag("count", int, 64, "how many samples"),
        Flag("seed", int, 0, "seed of the first sample; the others follow it"),
        LABELS,
        Flag("out", str, "samples.png", "a picture (.png, .gif for videos), a table (.csv) or all arrays (.npz)"),
        *MODELS,
    ],
    tensorflow=False,
)
def _sample(values: Any, positional: list[str]) -> None:
    import numpy as np

    (name,), out = positional, Path(values.out)
    if out.suffix not in (".png", ".gif", ".csv", ".npz"):
        raise UserError(f"--out ends in .png, .gif (for videos), .csv (for columns) or .npz; received {out}.")
    if values.count < 1:
        raise UserError(f"--count must be above 0; received {values.count}.")
    with Model(values, name) as model:
        inputs, outputs, version = _sampled(values, model)
    pictures: Any = outputs.get("videos", outputs.get("images"))
    flat = all(array.ndim == 1 for array in outputs.values())
    if out.suffix in (".png", ".gif") and (pictures is None or pictures.ndim not in (4, 5)):
        kind = ".csv or .npz" if flat else ".npz"
        raise UserError(f"{name} generates {', '.join(outputs)}, not pictures. Give --out a {kind}.")
    if out.suffix == ".csv" and not flat:
        raise UserError(f"{name} generates {', '.join(outputs)}, not columns. Give --out a .npz.")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".npz":
        arrays = {key: _text(array) for key, array in outputs.items()}
        np.savez_compressed(out, **{**inputs, **arrays})
    elif out.suffix == ".csv":
        _write_columns(out, outputs)
    else:
        from zoo.display import pictures as display

        out = display.save(pictures, out)
    print(f"{values.count} samples of {name} version {version}: {out}")


def _text(array: Any) -> Any:
    """Bytes as text in UTF-8, which an .npz can hold; other arrays as they are."""
    import numpy as np

    return np.array([value.decode() for value in array.tolist()]) if array.dtype == object else array


def _write_columns(path: Path, columns: dict[str, Any]) -> None:
    """A CSV with a row for each sample; bytes are text in UTF-8."""
    import csv
    import io

    from serving.protocol.files import write_whole

    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in zip(*(array.tolist() for array in columns.values()), strict=True):
        writer.writerow([value.decode() if isinstance(value, bytes) else value for value in row])
    write_whole(path, text.getvalue())


def _sampled(values: Any, model: Model) -> tuple[dict[str, Any], dict[str, Any], int]:
    """The inputs of the samples, the outputs by name, and the model's version."""
    import numpy as np

    from serving import batch
    from serving.client import chunks
    from zoo.display.progress import Bar

    rows = batch.Seeds(values.seed, values.seed + values.count, numbers("labels", values.labels))
    try:
        inputs, _ = batch.fitted(batch.Job(model.name, "sample", format="tfrecord"), rows, model.metadata).take(
            0, rows.count
        )
    except batch.JobError as error:
        raise UserError(str(error)) from None
    parts: dict[str, list[Any]] = {}
    with Bar(total=rows.count, unit="samples") as bar:
        for reply in model.client.stream(model.name, chunks.cut(inputs, chunks.ROWS), signature="sample"):
            for key in reply:
                parts.setdefault(key, []).append(reply[key])
            bar.update(len(next(iter(parts.values()))[-1]))
    return dict(inputs), {key: np.concatenate(found) for key, found in parts.items()}, reply.version


@command(
    "status",
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
    "MODEL",
    example="zoo describe vae --models models",
    flags=[Flag("version", int, None, "version of the model; default: the latest"), *MODELS],
    tensorflow=False,
)
def _describe(values: Any, positional: list[str]) -> None:
    """With --models the model card adds the data, its classes and columns by name, ranges and units.

    A server tells names, types and shapes.
    """
    name = positional[0]
    if values.models:
        from serving.protocol import tf_import

        tf_import.import_tensorflow()
        from zoo.export import card

        print(card.describe(card.find(Path(values.models), name, values.version)))
        return
    with connect(values) as client:
        print(client.describe(name, values.version))


@command(
    "predict",
    "MODEL",
    example="zoo predict vae --signature encode --input images=samples.npz --out codes.npz",
    flags=[
        Flag("input", list, None, "NAME=FILE.npy, or NAME=FILE.npz with an array of that name; several by commas"),
        Flag("signature", str, "serving_default", "signature to call"),
        Flag("version", int, None, "version of the model; default: the latest"),
        Flag("outputs", list, None, "outputs to return; default: all"),
        Flag("out", str, None, "an .npz for the outputs; default: they are printed"),
        *CONNECTION,
    ],
    tensorflow=False,
)
def _predict(values: Any, positional: list[str]) -> None:
    import numpy as np

    if values.out and Path(values.out).suffix != ".npz":
        raise UserError(f"--out ends in .npz; received {values.out}.")
    inputs = {name: _array(name, Path(file)) for name, file in (pair("input", text) for text in values.input or ())}
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
