"""Large batches, split along dimension 0 and joined again."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serving.client.replies import Prediction
from serving.protocol import wire
from serving.protocol.errors import Code, error

ROWS = 64
"""Rows in a request: replies are then a few hundred kilobytes."""

WINDOW = 8
"""Requests in flight: enough to keep a server busy, few enough to hold in memory."""


def cut(inputs: Mapping[str, ArrayLike], rows: int) -> Iterator[dict[str, NDArray[Any]]]:
    """The inputs of a batch -> the inputs of pieces of at most `rows` rows. Errors: InvalidRequest."""
    arrays = {name: wire.as_array(value) for name, value in inputs.items()}
    counts = {name: a.shape[0] if a.ndim else None for name, a in arrays.items()}
    if rows < 1 or len(set(counts.values())) != 1 or None in counts.values():
        shown = ", ".join(f"{name} {list(a.shape)}" for name, a in arrays.items()) or "none"
        text = f"A piece has 1 row or more, and all inputs have the same rows; received {rows} and inputs {shown}."
        raise error(Code.INVALID_ARGUMENT, text)
    (count,) = set(counts.values())
    for start in range(0, max(1, int(count or 0)), rows):
        yield {name: a[start : start + rows] for name, a in arrays.items()}


def join(pieces: Sequence[Mapping[str, NDArray[Any]]], parts: Sequence[Prediction]) -> Prediction:
    """The predictions of the pieces -> the prediction of the batch.

    Errors: InvalidRequest if an output does not have the batch in dimension 0.
    """
    for piece, part in zip(pieces, parts, strict=True):
        check(part, len(next(iter(piece.values()))))
    first = parts[0]
    outputs = {name: np.concatenate([part[name] for part in parts]) for name in first}
    return Prediction(first.model, first.version, first.signature, outputs)


def check(part: Prediction, rows: int) -> None:
    """Errors: InvalidRequest if an output does not have this batch in dimension 0."""
    for name, value in part.items():
        if value.shape[:1] != (rows,):
            text = f"{name!r} has the shape {list(value.shape)} for {rows} rows, not one value for each row."
            raise error(Code.INVALID_ARGUMENT, text, "Leave it out of `outputs`, or send the whole batch at once.")
