"""A user's own networks in the place of those that a recipe builds."""

from collections.abc import Callable, Mapping, Sequence

import keras

from zoo.core.errors import UserError, unknown

Own = Mapping[str, keras.Model]
"""By the name of the network that it replaces, as {"encoder": model}."""

Shape = tuple[int | None, ...]
"""Of one example; None for a side of any length."""


def choose(
    own: Own | None,
    name: str,
    inputs: Shape,
    outputs: Shape | Sequence[Shape],
    build: Callable[[], keras.Model],
) -> keras.Model:
    """The user's network of this name if there is one, else the recipe's.

    Args:
      inputs: the shape that it takes.
      outputs: the shape that it gives, or a list of those that it may give.
      build: makes the recipe's network.

    Errors: UserError for a network of other shapes; it says which were given and which are expected.
    """
    if not own or name not in own:
        return build()
    network = _made(name, own[name], inputs)
    allowed = [outputs] if isinstance(outputs, tuple) else list(outputs)
    takes, gives = (", ".join(str(tuple(t.shape[1:])) for t in side) for side in (network.inputs, network.outputs))
    fits = len(network.inputs) == len(network.outputs) == 1 and _fits(network.inputs[0].shape[1:], inputs)
    if not fits or not any(_fits(network.outputs[0].shape[1:], shape) for shape in allowed):
        raise UserError(
            f"The {name} {network.name!r} takes examples of shape {takes} and gives {gives}. This model needs one that "
            f"takes {inputs} and gives {' or '.join(map(str, allowed))}."
        )
    return network


def check_names(own: Own | None, names: Sequence[str]) -> None:
    """Errors: UserError for a network that is not one of the `names`."""
    for name in own or ():
        if name not in names:
            raise unknown("network", name, names)


def _made(name: str, network: object, inputs: Shape) -> keras.Model:
    """The model of known shapes; around a subclassed or unbuilt one, a model that shares its weights."""
    if not isinstance(network, keras.Model):
        raise UserError(f"The {name} must be a keras.Model; received {type(network).__name__}.")
    if hasattr(network, "output_shape"):
        return network
    entry = keras.Input(inputs)
    return keras.Model(entry, network(entry), name=network.name)


def _fits(given: Shape, expected: Shape) -> bool:
    return len(given) == len(expected) and all(
        a is None or b is None or a == b for a, b in zip(given, expected, strict=True)
    )
