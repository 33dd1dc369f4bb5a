"""Which number of a model is explained: `signature:output`, `output`, or one class of it, `output[k]`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from explain.errors import ModelError, RequestError

DEFAULTS = ("logits", "score")
"""Explained unless asked otherwise; not probabilities, which a good discriminator gives as 0 or 1."""


class Signature(Protocol):
    """What a model tells about one of its functions; the specs carry `.shape`."""

    @property
    def inputs(self) -> Mapping[str, Any]: ...
    @property
    def outputs(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Target:
    """One number for each image."""

    signature: str
    output: str
    column: int | None  # of an output (B, k); None for an output (B,) or (B, 1)
    images: str  # the input that takes the images
    label: str | None  # the input that takes the class, for conditional models
    shape: tuple[int | None, ...] | None  # of one image, (H, W, C); None where anything goes

    def __str__(self) -> str:
        column = "" if self.column is None else f"[{self.column}]"
        return f"{self.signature}:{self.output}{column}"

    def inputs(self, images: NDArray[np.float32], label: int | None) -> dict[str, NDArray]:
        """The tensors to send for images (n, H, W, C), all of the class `label`. Errors: RequestError."""
        self._check(images.shape[1:])
        tensors: dict[str, NDArray] = {self.images: images}
        if self.label is not None and label is not None:
            tensors[self.label] = np.full(len(images), label, np.int64)
        return tensors

    def _check(self, shape: tuple[int, ...]) -> None:
        if self.shape is None:
            return
        if len(shape) != len(self.shape) or any(d not in (None, s) for d, s in zip(self.shape, shape, strict=True)):
            right = ", ".join("any" if d is None else str(d) for d in self.shape)
            raise RequestError(f"{self.signature!r} takes images of shape ({right}); received {shape}.")

    def pick(self, output: NDArray) -> NDArray:
        """The output (n,), (n, 1) or (n, k) -> the explained column. Errors: RequestError."""
        if self.column is None:
            return output
        if output.ndim != 2 or not 0 <= self.column < output.shape[1]:
            raise RequestError(
                f"There is no {self}: the output has the shape {list(output.shape)}. "
                "Ask for output[k] with k below the second dimension of a [batch, classes] output."
            )
        return output[:, self.column]


def resolve(signatures: Mapping[str, Signature], wanted: str | None, label: int | None) -> Target:
    """The target named `wanted`; None means logits, or else a critic's score.

    A signature can be explained if it takes images and at most a class besides. An output's name alone means
    that of `discriminate`, or else of the only signature that has it. Errors: RequestError, with the choices.
    """
    named = {name: s for name, s in signatures.items() if name != "serving_default" or len(signatures) == 1}
    usable = {name: inputs for name, s in named.items() if (inputs := _inputs(s)) is not None}
    offered = [(name, output) for name in sorted(usable) for output in sorted(named[name].outputs)]
    signature, output, column = _parse(wanted) if wanted is not None else (None, None, None)
    for candidate in DEFAULTS if output is None else (output,):
        found = [name for name, o in offered if o == candidate and signature in (None, name)]
        if "discriminate" in found:
            found = ["discriminate"]
        if len(found) == 1:
            images, takes = usable[found[0]]
            _check_label(found[0], takes, label)
            return Target(found[0], candidate, column, images, takes, _shape(named[found[0]].inputs[images]))
        if found:
            raise RequestError(f"{candidate!r} is ambiguous. Ask for one of {_join(found, candidate)}.")
    raise RequestError(
        f"The model has no target {wanted or ' or '.join(DEFAULTS)!r}. "
        f"It offers: {', '.join(f'{s}:{o}' for s, o in offered) or 'no function of images'}."
    )


def one_a_row(values: NDArray, rows: int) -> NDArray[np.float64]:
    """(rows,) or (rows, 1) -> (rows,). Errors: ModelError."""
    values = np.asarray(values)
    if values.shape not in ((rows,), (rows, 1)):
        raise ModelError(
            f"LIME explains one number for each input; {rows} inputs gave the shape {list(values.shape)}. "
            "Of several numbers choose one: output[k]."
        )
    return values.reshape(rows).astype(np.float64)


def _parse(wanted: str) -> tuple[str | None, str, int | None]:
    match = re.fullmatch(r"(?:([^:\[\]]+):)?([^:\[\]]+)(?:\[(\d+)\])?", wanted)
    if not match:
        raise RequestError(
            f"A target is output, signature:output or output[k], as in class_logits[3]; received {wanted!r}."
        )
    signature, output, column = match.groups()
    return signature, output, None if column is None else int(column)


def _inputs(signature: Signature) -> tuple[str, str | None] | None:
    """The names of the inputs for images and class; None if the signature takes anything else."""
    names = set(signature.inputs)
    label = "label" if "label" in names else None
    rest = names - {"label"}
    return (rest.pop(), label) if len(rest) == 1 and _takes_images(signature.inputs[min(rest)]) else None


def _shape(spec: Any) -> tuple[int | None, ...] | None:
    """The spec's shape without the batch; unknown sizes, None or -1 on the wire, as None."""
    if spec.shape is None:
        return None
    return tuple(None if size is None or size < 0 else int(size) for size in spec.shape[1:])


def _takes_images(spec: Any) -> bool:
    return spec.shape is None or len(spec.shape) == 4


def _check_label(signature: str, takes: str | None, label: int | None) -> None:
    if takes is None and label is not None:
        raise RequestError(f"{signature!r} takes no class; received label={label}. Leave the label out.")
    if takes is not None and label is None:
        raise RequestError(f"{signature!r} is conditional. Say of which class the image is: label=0, 1, ...")


def _join(signatures: Iterable[str], output: str) -> str:
    return ", ".join(f"{name}:{output}" for name in signatures)
