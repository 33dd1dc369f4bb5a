"""An encoder and its mirror, by name."""

import keras

from zoo.core.errors import unknown
from zoo.networks import conv
from zoo.networks.mlp import mlp

NETWORKS = ("mlp", "conv")


def pair(
    networks: str,
    shape: tuple[int, ...],
    code: int,
    *,
    codes: int | None = None,
    outputs: tuple[int, ...] | None = None,
    hidden: tuple[int, ...] = (),
    width: int = 32,
) -> tuple[keras.Model, keras.Model]:
    """(B, *shape) -> (B, codes), and (B, code) -> (B, *outputs).

    Args:
      networks: `mlp` of `hidden` units a layer, mirrored in the decoder, or `conv` of `width` channels at first.
      codes: how many numbers the encoder gives, for instance a mean and a variance for each code; default: code.
      outputs: what the decoder gives; default: the data's shape.

    Errors: UserError for a name that is not one, and images too small for `conv`.
    """
    codes, outputs = codes or code, outputs or shape
    if networks == "mlp":
        return mlp(shape, hidden, (codes,), name="encoder"), mlp((code,), hidden[::-1], outputs, name="decoder")
    if networks == "conv":
        return conv.encoder(shape, codes, width=width), conv.decoder(code, outputs, width=width)
    raise unknown("kind of networks", networks, NETWORKS)
