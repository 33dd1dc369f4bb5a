"""Pairs of an encoder and a decoder that mirrors it, by name."""

import keras

from zoo.core.errors import unknown
from zoo.networks import conv
from zoo.networks.mlp import mlp
from zoo.networks.own import Own, check_names, choose

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
    code_activation: str = "linear",
    own: Own | None = None,
) -> tuple[keras.Model, keras.Model]:
    """An encoder (B, *shape) -> (B, codes), and a decoder (B, code) -> (B, *outputs).

    Args:
      networks: `mlp` of `hidden` units a layer, reversed in the decoder, or `conv` of `width` channels at the finest
        level.
      code: size of the decoder's input.
      codes: size of the encoder's output, for instance a mean and a variance for each code; by default `code`.
      outputs: shape of the decoder's output for one example; by default `shape`.
      code_activation: of the encoder's last layer, of an mlp.
      own: the user's `encoder` and `decoder`, instead of those by name.

    Errors: UserError for a name that is not known, and images too small for `conv`.
    """
    codes, outputs = codes or code, outputs or shape
    if networks not in NETWORKS:
        raise unknown("kind of networks", networks, NETWORKS)
    check_names(own, ("encoder", "decoder"))

    def encoder() -> keras.Model:
        if networks == "conv":
            return conv.encoder(shape, codes, width=width)
        return mlp(shape, hidden, (codes,), output=code_activation, name="encoder")

    def decoder() -> keras.Model:
        if networks == "conv":
            return conv.decoder(code, outputs, width=width)
        return mlp((code,), hidden[::-1], outputs, name="decoder")

    return choose(own, "encoder", shape, (codes,), encoder), choose(own, "decoder", (code,), outputs, decoder)
