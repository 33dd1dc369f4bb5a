"""The user's arrays, tables and labels -> the tensors of a request, and a reply's tensors -> arrays and tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.client import chunks
from serving.protocol.signatures import Signature, TensorSpec
from zoo.core.errors import UserError, unknown
from zoo.core.wire_names import WIRE_NAMES

Tensors = Mapping[str, NDArray[Any]]

_EXAMPLES = frozenset(WIRE_NAMES.values())
_UNIT = frozenset(WIRE_NAMES[kind] for kind in ("image", "video", "volume"))
"""Examples whose values are in [0, 1]."""
_SLACK = 1e-3
"""Values this far outside [0, 1] are the rounding of whoever resized or averaged a picture."""


@dataclass(frozen=True)
class Meanings:
    """What the names and shapes of a model's tensors do not say.

    Attributes:
      classes: the names of the classes, in the order of their numbers; empty where they are not known.
      columns: of a table: the name of a tensor -> the column's own name, in the table's order; empty for other data.
      ordered: whether the order of `columns` is the table's, and not just that of the alphabet.
    """

    classes: tuple[str, ...] = ()
    columns: Mapping[str, str] | None = None
    ordered: bool = True


def served_columns(signatures: Mapping[str, Signature]) -> dict[str, str]:
    """The columns of a model whose examples are rows of a table, as far as its signatures tell; else nothing."""
    sides = [side for s in signatures.values() for side in (s.inputs, s.outputs)]
    if any(_EXAMPLES & side.keys() for side in sides):
        return {}
    if "sample" in signatures:
        return {name: name for name in signatures["sample"].outputs}
    takes = next((signatures[name].inputs for name in ("reconstruct", "encode") if name in signatures), {})
    return {name: name for name in takes if name not in ("label", "seed")}


def in_pieces(answer: Callable[[Tensors], Mapping[str, Any]], tensors: Tensors) -> dict[str, NDArray[Any]]:
    """The outputs for a whole batch, of which the model sees ROWS examples at once."""
    pieces = list(chunks.cut(tensors, chunks.ROWS))
    answers = [answer(piece) for piece in pieces]
    return {name: np.concatenate([np.asarray(a[name]) for a in answers]) for name in answers[0]}


# Examples.


def examples(x: Any, signature: Signature, meanings: Meanings) -> dict[str, Any]:
    """Examples as the inputs of a signature that takes them, by name. Errors: UserError."""
    columns = {name: own for name, own in (meanings.columns or {}).items() if name in signature.inputs}
    if columns:
        return _columns(x, columns, ordered=meanings.ordered)
    takes = [name for name in signature.inputs if name in _EXAMPLES]
    if len(takes) != 1:
        raise UserError(f"This takes {', '.join(signature.inputs)}, and no examples. Give each by its name.")
    return {takes[0]: x}


def _columns(x: Any, columns: Mapping[str, str], *, ordered: bool) -> dict[str, Any]:
    if hasattr(x, "columns") or isinstance(x, Mapping):
        have = x.columns if hasattr(x, "columns") else x
        found = {name: own if own in have else name for name, own in columns.items()}
        missing = [columns[name] for name, key in found.items() if key not in have]
        if missing:
            raise UserError(f"The table lacks the columns {', '.join(missing)}. It has: {', '.join(map(str, have))}.")
        return {name: x[key] for name, key in found.items()}
    array = np.asarray(x)
    if not ordered or array.ndim != 2 or array.shape[1] != len(columns):
        raise UserError(
            f"This model takes tables: a DataFrame or a mapping with the columns {', '.join(columns.values())}; "
            f"received {_described(x)}."
        )
    return dict(zip(columns, array.T, strict=True))


def example_outputs(outputs: Tensors, meanings: Meanings, like: Any = None) -> Any:
    """The examples among a reply's tensors: an array, or columns by name.

    Args:
      like: a DataFrame makes columns one as well.

    Errors: UserError where there are none.
    """
    columns = {own: outputs[name] for name, own in (meanings.columns or {}).items() if name in outputs}
    if columns:
        return type(like)(columns) if is_frame(like) else columns
    found = [name for name in outputs if name in _EXAMPLES]
    if not found:
        raise UserError(f"This gives {', '.join(outputs)}, and no examples. `call` returns them by name.")
    return outputs[found[0]]


def example(x: Any, shape: tuple[int | None, ...] | None) -> NDArray[Any]:
    """One example of this shape without a batch, as a model is asked about it. Errors: UserError."""
    spec = TensorSpec("float32", None if shape is None else (None, *shape))
    array = np.asarray(x)
    if array.dtype.kind in "iu" and array.dtype != np.uint8:
        return array
    return np.asarray(_tensor("x", spec, array[None], Meanings())[0])


def is_frame(x: Any) -> bool:
    """Whether x is a DataFrame of pandas, which need not be installed."""
    return hasattr(x, "columns") and hasattr(x, "dtypes")


# Tensors.


def tensors(name: str, signature: Signature, inputs: Mapping[str, Any], meanings: Meanings) -> dict[str, NDArray[Any]]:
    """The inputs of the signature `name` as its tensors. A single value stands for that value in every row.

    Errors: UserError for a missing or unknown input, and values of a wrong type, shape or range.
    """
    for key in inputs:
        if key not in signature.inputs:
            raise unknown(f"input of {name}", key, signature.inputs)
    missing = [key for key in signature.inputs if key not in inputs]
    if missing:
        raise UserError(f"{name} takes {', '.join(signature.inputs)}; {_wanted(missing, meanings)}")
    found = {key: _tensor(key, spec, inputs[key], meanings) for key, spec in signature.inputs.items()}
    rows = {key: len(a) for key, a in found.items() if a.ndim}
    if len(set(rows.values())) > 1:
        shown = ", ".join(f"{key}: {count}" for key, count in rows.items())
        raise UserError(f"The inputs of {name} have different numbers of rows ({shown}). Give one row each.")
    count = next(iter(rows.values()), 1)
    return {key: a if a.ndim else np.full(count, a[()], a.dtype) for key, a in found.items()}


def _wanted(missing: Sequence[str], meanings: Meanings) -> str:
    if list(missing) != ["label"]:
        return f"{', '.join(missing)} not given. Give each by its name."
    example = repr(meanings.classes[-1]) if meanings.classes else "3"
    known = f" Classes: {', '.join(meanings.classes)}." if meanings.classes else ""
    return f"no label given. Give one class for all rows, as in label={example}, or one for each.{known}"


def _tensor(name: str, spec: TensorSpec, value: Any, meanings: Meanings) -> NDArray[Any]:
    array = labels(value, meanings.classes) if name == "label" else np.asarray(value)
    if spec.dtype == "string":
        return _text(array)
    if array.dtype.kind not in "biuf":
        raise UserError(f"{name} holds numbers ({spec.dtype}); received {_described(value)}.")
    if array.dtype == np.uint8 and spec.dtype.startswith("float"):
        array = array / np.float32(255.0)
    if spec.dtype.startswith("int") and not np.array_equal(array, np.rint(array)):
        raise UserError(f"{name} holds whole numbers ({spec.dtype}); received {_described(value)}.")
    return _checked(name, spec, array.astype(spec.dtype, copy=False))


def _checked(name: str, spec: TensorSpec, array: NDArray[Any]) -> NDArray[Any]:
    """The array in the spec's shape, with a last side of 1 where that is left out. Errors: UserError."""
    shape = spec.shape
    if shape is not None and (array.ndim or len(shape) > 1):
        if array.ndim == len(shape) - 1 and shape[-1] == 1 and _fits(array.shape, shape[:-1]):
            array = array[..., None]
        if not _fits(array.shape, shape):
            right = ", ".join("n" if i == 0 else "any" if side is None else str(side) for i, side in enumerate(shape))
            one = _fits((1, *array.shape), shape)
            repair = f" One example is a batch of 1: {name}[None]." if one else ""
            raise UserError(f"{name} has the shape {array.shape}; ({right}) is right, with the batch first.{repair}")
    if name in _UNIT and array.size and not (array.min() >= -_SLACK and array.max() <= 1 + _SLACK):
        raise UserError(
            f"{name} has values in [{array.min():g}, {array.max():g}]; they are floats in [0, 1] or uint8. Rescale it."
        )
    return array


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(w in (None, s) for s, w in zip(shape, wanted, strict=True))


def labels(given: Any, classes: Sequence[str]) -> NDArray[Any]:
    """Labels by number, or by the names of classes, as numbers. Errors: UserError."""
    array = np.asarray(given)
    if array.dtype.kind not in "UO":
        outside = array.size and classes and not (array.min() >= 0 and array.max() < len(classes))
        if array.dtype.kind in "iuf" and outside:
            raise UserError(
                f"label is 0 to {len(classes) - 1}, or one of {', '.join(classes)}; received values from "
                f"{array.min()} to {array.max()}."
            )
        return array
    if not classes:
        raise UserError("The names of the classes are not known here. Give labels by number, as in label=3.")
    numbers = {name: i for i, name in enumerate(classes)}
    for name in array.ravel():
        if str(name) not in numbers:
            raise unknown("class", str(name), classes)
    return np.array([numbers[str(name)] for name in array.ravel()], np.int64).reshape(array.shape)


def _text(array: NDArray[Any]) -> NDArray[Any]:
    """Strings and dates as the bytes that travel."""
    if array.dtype.kind == "M":
        array = np.datetime_as_string(array, unit="D")
    encoded = [value if isinstance(value, bytes) else str(value).encode() for value in array.ravel()]
    found = np.empty(len(encoded), object)
    found[:] = encoded
    return found.reshape(array.shape)


def received(outputs: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """A reply's tensors as arrays; bytes are text."""
    return {name: _read(np.asarray(value)) for name, value in outputs.items()}


def _read(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "OS":
        return array
    decoded = [value.decode() if isinstance(value, bytes) else str(value) for value in array.ravel()]
    return np.array(decoded, dtype=str).reshape(array.shape)


def _described(value: Any) -> str:
    array = np.asarray(value)
    return f"{type(value).__name__} of {array.dtype}, shape {array.shape}"
