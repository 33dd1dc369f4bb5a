"""Networks one after another."""

from collections.abc import Sequence

import keras


def chain(networks: Sequence[keras.Model], *, name: str) -> keras.Model:
    """x -> f_n(... f_1(x)), which shares the networks' weights."""
    x = entry = keras.Input(networks[0].input_shape[1:])
    for network in networks:
        x = network(x)
    return keras.Model(entry, x, name=name)
