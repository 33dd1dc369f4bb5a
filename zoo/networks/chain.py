"""Networks one after another."""

from collections.abc import Sequence

import keras


def chain(networks: Sequence[keras.Model], *, name: str) -> keras.Model:
    """The network x -> f_n(... f_1(x)); it shares the weights of `networks`, f_1 to f_n."""
    x = entry = keras.Input(networks[0].input_shape[1:])
    for network in networks:
        x = network(x)
    return keras.Model(entry, x, name=name)
