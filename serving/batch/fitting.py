"""Rows converted to the inputs of a signature: its names, types and shapes."""

import math
from collections.abc import Mapping
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from serving.batch.errors import JobError
from serving.batch.inputs import Columns, Rows
from serving.protocol import images
from serving.protocol.signatures import Signature, TensorSpec

ADDRESS = ("seed", "label")
"""Columns that are written into the shard beside the outputs."""


@final
class Fitted:
    """A signature's inputs, taken from rows. Errors: JobError if they do not fit; wrong names are found at once."""

    def __init__(self, rows: Rows, name: str, signature: Signature) -> None:
        self._rows, self._signature = rows, signature
        self._sources = _sources(rows.take(0, 1), name, signature)
        if unused := sorted(set(rows.requested) - set(self._sources.values())):
            raise JobError(f"{name} takes {', '.join(signature.inputs) or 'nothing'}, not {unused[0]}. Leave it out.")

    def take(self, start: int, stop: int) -> tuple[Columns, Columns]:
        """Rows start to stop -> (the inputs, the columns to write beside the outputs)."""
        columns = self._rows.take(start, stop)
        inputs = {k: _fit(columns[source], k, self._signature.inputs[k]) for k, source in self._sources.items()}
        return inputs, {name: _flat(columns[name]) for name in ADDRESS if name in columns}


def _sources(columns: Columns, name: str, signature: Signature) -> Mapping[str, str]:
    """Input -> the column of the same name; if one input and one column are left over, they are matched."""
    sources = {key: key for key in signature.inputs if key in columns}
    missing = [key for key in signature.inputs if key not in sources and key not in signature.defaults]
    spare = [key for key in columns if key not in sources and key not in ADDRESS]
    if len(missing) == len(spare) == 1:
        return {**sources, missing[0]: spare[0]}
    if missing:
        text = f"{name} takes {', '.join(signature.inputs) or 'nothing'}; received {', '.join(columns)}."
        raise JobError(f"{text} Missing: {', '.join(missing)}.{_hint(missing)}")
    return sources


def _hint(missing: list[str]) -> str:
    flags = [f"--{name}s" for name in missing if name in ADDRESS]
    return f" Give {' and '.join(flags)}." if len(flags) == len(missing) else " Name the arrays like the inputs."


def _fit(x: NDArray[Any], name: str, spec: TensorSpec) -> NDArray[Any]:
    """An array in the input's type and shape; images of uint8 become floats in [0, 1]."""
    x = _coloured(x, spec)
    if spec.dtype not in (x.dtype.name, "string"):
        if x.dtype == np.uint8 and spec.dtype == "float32":
            x = x.astype(np.float32) / np.float32(255)
        elif np.can_cast(x.dtype, spec.dtype, "same_kind") and (x.dtype.kind == "f" or "float" not in spec.dtype):
            x = x.astype(spec.dtype)
        else:
            raise JobError(f"{name} takes {spec.dtype}; received {x.dtype.name}. Convert it with astype.")
    return _shaped(x, name, spec)


def _coloured(x: NDArray[Any], spec: TensorSpec) -> NDArray[Any]:
    """Grey images in three channels, or colour images in one, if the input has that many."""
    channels = spec.shape[-1] if spec.shape and len(spec.shape) == 4 else None
    if x.dtype != np.uint8 or x.ndim != 4 or channels not in (1, 3) or x.shape[3] not in (1, 3):
        return x
    return images.recolour(x, channels)


def _shaped(x: NDArray[Any], name: str, spec: TensorSpec) -> NDArray[Any]:
    if spec.shape is None or _fits(x.shape, spec.shape):
        return x
    row = [n for n in spec.shape[1:] if n is not None]
    if len(row) == len(spec.shape) - 1 and ((*x.shape, 1) == (len(x), *row) or x.shape[1:] == (math.prod(row),)):
        # Flat rows, as in Examples, and grey images without a channel dimension.
        return x.reshape(len(x), *row)
    wanted = ", ".join("?" if n is None else str(n) for n in spec.shape[1:])
    raise JobError(
        f"{name} takes rows of shape [{wanted}]; received {list(x.shape[1:])}. Reshape or resize them first, "
        "images as the training images were."
    )


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(n in (None, m) for n, m in zip(wanted, shape, strict=True))


def _flat(x: NDArray[Any]) -> NDArray[Any]:
    return x[:, 0] if x.shape[1:] == (1,) else x
