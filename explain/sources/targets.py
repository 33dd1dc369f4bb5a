"""Targets: the number of a model's output that is explained.

A target is named `signature:output` or `output`; one value of several is `output[k]`, the margin between two
`output[a]-output[b]`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from explain.errors import ModelError, RequestError

DEFAULTS = ("logits", "score")
"""Default targets. Not probabilities: those of a good discriminator are 0 or 1. The score of an autoencoder is an
anomaly score."""

PROBABILITIES = re.compile("prob|softmax|sigmoid", re.IGNORECASE)
"""Names of outputs that are probabilities."""

_TERM = r"([^:\[\]\-]+)(?:\[(\d+(?:,\d+)*)\])?"
_FORM = re.compile(rf"(?:([^:\[\]]+):)?{_TERM}(?:-{_TERM})?")

Index = tuple[int, ...]


class Signature(Protocol):
    """A signature of a model: specs with `.shape` and `.dtype`, by name."""

    @property
    def inputs(self) -> Mapping[str, Any]: ...
    @property
    def outputs(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Target:
    """One number per input, and how to compute it."""

    signature: str
    output: str
    index: Index | None  # of the value in a row of the output (B, k, ...); None for an output (B,) or (B, 1)
    minus: Index | None  # of the value that is subtracted, for a margin
    data: str  # name of the explained input
    label: str | None  # name of the class input, for conditional models
    seed: str | None  # name of the seed input, for random outputs; all rows get seed 0
    shape: tuple[int | None, ...] | None  # of one input, such as (H, W, C); None if any shape will do
    dtype: str

    def __str__(self) -> str:
        minus = "" if self.minus is None else f"-{self.output}{_shown(self.minus)}"
        return f"{self.signature}:{self.output}{_shown(self.index)}{minus}"

    @property
    def probability(self) -> bool:
        """Whether the target is a probability, by the name of its output; a margin between two is none."""
        return self.minus is None and PROBABILITIES.search(self.output) is not None

    def inputs(self, data: NDArray[Any], label: int | None) -> dict[str, NDArray[Any]]:
        """Tensors by name for inputs (n, ...), all with the class `label`. Errors: RequestError."""
        self._check(data.shape[1:])
        tensors = {self.data: data.astype(self.dtype, copy=False)}
        if self.label is not None and label is not None:
            tensors[self.label] = np.full(len(data), label, np.int64)
        if self.seed is not None:
            tensors[self.seed] = np.zeros(len(data), np.int64)
        return tensors

    def _check(self, shape: tuple[int, ...]) -> None:
        if self.shape is None:
            return
        if len(shape) != len(self.shape) or any(d not in (None, s) for d, s in zip(self.shape, shape, strict=True)):
            right = ", ".join("any" if d is None else str(d) for d in self.shape)
            raise RequestError(f"{self.signature!r} takes {self.data} of shape ({right}); received {shape}.")

    def pick(self, output: NDArray[Any]) -> NDArray[Any]:
        """Output (n,), (n, 1) or (n, k, ...) -> the target of each row. Errors: RequestError."""
        if self.index is None:
            return output
        value = self._at(output, self.index)
        return value if self.minus is None else value.astype(np.float64) - self._at(output, self.minus)

    def _at(self, output: NDArray[Any], index: Index) -> NDArray[Any]:
        sizes = output.shape[1:]
        if len(index) != len(sizes) or any(not i < size for i, size in zip(index, sizes, strict=True)):
            raise RequestError(
                f"There is no {self.signature}:{self.output}{_shown(index)}: the output has the shape "
                f"{list(output.shape)}. Give output[k] with k below the second dimension of a [batch, classes] output."
            )
        selection: tuple[Any, ...] = (slice(None), *index)
        return np.asarray(output[selection])


def resolve(signatures: Mapping[str, Signature], wanted: str | None, label: int | None) -> Target:
    """The target named `wanted`; None means logits, else score.

    A signature can be explained if it has exactly one input besides `label` and `seed`. The name of an output alone
    means that of `discriminate`, else of the only signature that has it. Errors: RequestError, with the choices.
    """
    named = {name: s for name, s in signatures.items() if name != "serving_default" or len(signatures) == 1}
    usable = {name: data for name, s in named.items() if (data := _data(s)) is not None}
    choices = [(name, output) for name in sorted(usable) for output in sorted(named[name].outputs)]
    signature, output, index, minus = _parse(wanted) if wanted is not None else (None, None, None, None)
    for candidate in DEFAULTS if output is None else (output,):
        found = [name for name, o in choices if o == candidate and signature in (None, name)]
        if "discriminate" in found:
            found = ["discriminate"]
        if len(found) == 1:
            (name,) = found
            takes = named[name].inputs
            _check_label(name, "label" in takes, label)
            return Target(
                name,
                candidate,
                index,
                minus,
                usable[name],
                "label" if "label" in takes else None,
                "seed" if "seed" in takes else None,
                _shape(takes[usable[name]]),
                str(takes[usable[name]].dtype),
            )
        if found:
            raise RequestError(f"{candidate!r} is ambiguous. Give one of {_join(found, candidate)}.")
    raise RequestError(
        f"The model has no target {wanted or ' or '.join(DEFAULTS)!r}. "
        f"It offers: {', '.join(f'{s}:{o}' for s, o in choices) or 'no function of images or other data'}."
    )


def one_per_row(values: NDArray[Any], rows: int) -> NDArray[np.float64]:
    """(rows,) or (rows, 1) -> (rows,). Errors: ModelError."""
    values = np.asarray(values)
    if values.shape not in ((rows,), (rows, 1)):
        raise ModelError(
            f"LIME explains one number per input; {rows} inputs gave the shape {list(values.shape)}. "
            "Choose one of several numbers: output[k]."
        )
    return values.reshape(rows).astype(np.float64)


def _parse(wanted: str) -> tuple[str | None, str, Index | None, Index | None]:
    match = _FORM.fullmatch(wanted.replace(" ", ""))
    if match:
        signature, output, index, other, minus = match.groups()
        if other is None or (index is not None and minus is not None and other == output):
            return signature, output, _index(index), _index(minus)
    raise RequestError(
        "A target is output, signature:output, output[k] as in class_logits[3], or a margin within one output, "
        f"class_logits[3]-class_logits[5]; received {wanted!r}."
    )


def _index(text: str | None) -> Index | None:
    return None if text is None else tuple(map(int, text.split(",")))


def _shown(index: Index | None) -> str:
    return "" if index is None else f"[{','.join(map(str, index))}]"


def _data(signature: Signature) -> str | None:
    """The name of the one input that can be explained; None if there is none or more than one."""
    rest = [name for name in signature.inputs if name not in ("label", "seed")]
    return rest[0] if len(rest) == 1 and _can_be_split(signature.inputs[rest[0]]) else None


def _can_be_split(spec: Any) -> bool:
    return spec.shape is None or len(spec.shape) > 1


def _shape(spec: Any) -> tuple[int | None, ...] | None:
    """The shape of one input; unknown sizes (None or -1 on the wire) are None."""
    if spec.shape is None:
        return None
    return tuple(None if size is None or size < 0 else int(size) for size in spec.shape[1:])


def _check_label(signature: str, takes: bool, label: int | None) -> None:
    if not takes and label is not None:
        raise RequestError(f"{signature!r} takes no class; received label={label}. Leave the label out.")
    if takes and label is None:
        raise RequestError(f"{signature!r} is conditional. Give the class of the input: label=0, 1, ...")


def _join(signatures: Iterable[str], output: str) -> str:
    return ", ".join(f"{name}:{output}" for name in signatures)
