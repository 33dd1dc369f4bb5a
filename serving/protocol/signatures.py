"""A model's signatures: the names, types and shapes of their inputs and outputs, from its SignatureDefs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from serving.protocol import protos, wire


@dataclass(frozen=True)
class TensorSpec:
    """One input or output.

    Attributes:
      dtype: TensorFlow's name, as in float32, int64, string.
      shape: None for an unknown dimension, or for a shape of unknown rank.
      name: of the tensor in the graph.
    """

    dtype: str
    shape: tuple[int | None, ...] | None
    name: str = ""


@dataclass(frozen=True)
class Signature:
    """One function of a model: its inputs and outputs by alias, and the default values of optional inputs."""

    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]
    method: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)


def parse(definitions: Mapping[str, "protos.SignatureDef"]) -> dict[str, Signature]:
    """SignatureDefs by name -> signatures, without the initialiser's."""
    return {name: _signature(d) for name, d in sorted(definitions.items()) if not name.startswith("__")}


def _signature(definition: "protos.SignatureDef") -> Signature:
    inputs, outputs = (
        {k: _spec(t) for k, t in sorted(side.items())} for side in (definition.inputs, definition.outputs)
    )
    return Signature(inputs, outputs, definition.method_name, dict(definition.defaults))


def _spec(info: "protos.TensorInfo") -> TensorSpec:
    shape = info.tensor_shape
    dims = None if shape.unknown_rank else tuple(None if d.size < 0 else d.size for d in shape.dim)
    return TensorSpec(wire.name(info.dtype), dims, info.name)
