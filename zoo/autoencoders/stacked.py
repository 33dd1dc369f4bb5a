"""The stacked autoencoder: layers trained greedily one after another, then fine-tuned as a whole.

Bengio et al., Greedy layer-wise training of deep networks, NIPS 2006.
"""

from itertools import pairwise

import tensorflow as tf

from zoo.autoencoders.family import LOSSES, Autoencoder
from zoo.core.claims import Claim
from zoo.core.features import Spec
from zoo.core.model import Batch, Player, Terms
from zoo.core.random import Seed
from zoo.core.registry import recipe
from zoo.losses.reconstruction import squared_error
from zoo.networks.chain import chain
from zoo.networks.mlp import mlp


@recipe(
    family="autoencoder",
    reference="NIPS 2006, Bengio et al.",
    claims=[Claim("fine-tuning improves on greedy layers", "test_error", "stacked fine_tuning=0")],
    epochs=40,
    learning_rate=1e-3,
)
def stacked(
    spec: Spec,
    *,
    code: int = 16,
    hidden: tuple[int, ...] = (256, 64),
    fine_tuning: float = 0.4,
    loss: str = "mse",
) -> Autoencoder:
    """Layers trained greedily one after another, then fine-tuned together.

    Args:
      code: numbers in a code.
      hidden: units of each hidden layer of the encoder; the decoder has them in reverse order.
      fine_tuning: the last share of the run, 0 to 1, in which all layers are trained together.
      loss: reconstruction loss, mse or bce.
    """
    sizes = [spec.shape, *((n,) for n in hidden), (code,)]
    pairs = list(pairwise(sizes))
    f = [
        mlp(a, (), b, output="linear" if b == (code,) else "relu", name=f"encoder{i}")
        for i, (a, b) in enumerate(pairs, 1)
    ]
    g = [
        mlp(b, (), a, output="linear" if a == spec.shape else "relu", name=f"decoder{i}")
        for i, (a, b) in enumerate(pairs, 1)
    ]
    share = (1.0 - fine_tuning) / len(f)

    def layer(i: int) -> Player:
        """The i-th layer learns to reconstruct the outputs of the layers below it."""

        def reconstruct(batch: Batch, seed: Seed) -> Terms:
            h = batch[spec.target]
            for below in f[:i]:
                h = below(h, training=False)
            h = tf.stop_gradient(h)
            again = g[i](f[i](h, training=True), training=True)
            return {"reconstruction": squared_error(h, again) if i else LOSSES[loss](h, again)}

        return Player(f"layer{i + 1}", [f[i], g[i]], reconstruct, active=(i * share, (i + 1) * share))

    encoder, decoder = chain(f, name="encoder"), chain(g[::-1], name="decoder")
    greedy = [layer(i) for i in range(len(f))]
    return Autoencoder(spec, encoder, decoder, loss=loss, before=greedy, start=1.0 - fine_tuning)
