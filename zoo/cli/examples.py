"""Held-out examples of some data, for commands that ask a model about them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from zoo.core.errors import UserError


class HeldOut(NamedTuple):
    """Held-out examples as a model takes them.

    Attributes:
      inputs: by name, in the ranges and units of the wire, one row for each example.
      label: (N,); None where the data has no labels.
    """

    inputs: Mapping[str, Any]
    label: Any

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def take(self, rows: Any) -> "HeldOut":
        """These rows: numbers, a mask or a slice."""
        label = None if self.label is None else self.label[rows]
        return HeldOut({name: values[rows] for name, values in self.inputs.items()}, label)


def held_out(name: str, inputs: Mapping[str, tuple[int | None, ...] | None]) -> HeldOut:
    """The test split of some data, in the size and colours that a model takes.

    Args:
      inputs: the shapes of the model's inputs by name, with the batch in front.

    Errors: UserError for data of another kind or shape.
    """
    from serving.protocol import tf_import

    tf_import.import_tensorflow()
    from zoo import data
    from zoo.core.model import wire_name

    taken = {key: shape[1:] for key, shape in inputs.items() if shape and key not in ("label", "seed")}
    form: dict[str, Any] = {}
    if list(taken) == ["images"] and len(taken["images"]) == 3 and None not in taken["images"]:
        form = {"size": taken["images"][:2], "channels": taken["images"][2]}
    found = data.load(name, **form)
    arrays, feature = found.test.arrays(), found.spec.feature
    key = wire_name("x", feature)
    if {k: tuple(s.shape[1:]) for k, s in feature.wire(key).items()} != taken:
        raise UserError(
            f"{name} has {feature.describe()}; the model takes {', '.join(f'{k} {list(s)}' for k, s in taken.items())}."
        )
    wire = feature.to_wire(key, arrays[found.spec.target])
    return HeldOut({k: np.asarray(v) for k, v in wire.items()}, arrays.get("label"))
