"""What a client returns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from numpy.typing import NDArray

from serving.protocol.errors import Code
from serving.protocol.signatures import Signature, TensorSpec


@final
@dataclass(frozen=True, eq=False)
class Prediction(Mapping[str, NDArray[Any]]):
    """The outputs by name, and the model, version and signature that computed them."""

    model: str
    version: int
    signature: str
    outputs: Mapping[str, NDArray[Any]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.outputs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.outputs)

    def __len__(self) -> int:
        return len(self.outputs)


class Label(NamedTuple):
    """A class of an example, and its score."""

    label: str
    score: float


@final
@dataclass(frozen=True)
class Metadata:
    """A version's signatures by name."""

    model: str
    version: int
    signatures: Mapping[str, Signature]

    def __str__(self) -> str:
        lines = [f"{self.model} version {self.version}"]
        for name, signature in self.signatures.items():
            lines += ["", f"{name} ({signature.method})" if signature.method else name]
            for side, specs in (("in", signature.inputs), ("out", signature.outputs)):
                defaults = signature.defaults if side == "in" else {}
                lines += [f"  {side:<4}{_line(key, spec, key in defaults)}" for key, spec in specs.items()]
        return "\n".join(lines)


def _line(name: str, spec: TensorSpec, optional: bool) -> str:
    shape = "of any shape" if spec.shape is None else f"[{', '.join('?' if n is None else str(n) for n in spec.shape)}]"
    return f"{name}: {spec.dtype} {shape}{' (optional)' if optional else ''}"


@final
@dataclass(frozen=True)
class VersionStatus:
    """One version: its `state` (START, LOADING, AVAILABLE, UNLOADING, END) and its error, if any."""

    version: int
    state: str
    code: Code
    message: str

    def __str__(self) -> str:
        return f"version {self.version} is {self.state} {self.message}".rstrip()
