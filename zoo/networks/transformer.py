"""A causal transformer over short sequences. Vaswani et al., arXiv 1706.03762, with pre-normalisation."""

import keras
from keras import layers


def causal(length: int, inputs: int, outputs: int, *, width: int = 64, blocks: int = 2, heads: int = 4) -> keras.Model:
    """(B, length, inputs) -> (B, length, outputs); row t depends on rows 0 to t.

    The inputs must contain the position.
    """
    entry = keras.Input((length, inputs))
    x = layers.Dense(width)(entry)
    for _ in range(blocks):
        h = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.MultiHeadAttention(heads, width // heads)(h, h, use_causal_mask=True)
        h = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.Dense(width)(layers.Dense(4 * width, activation="gelu")(h))
    x = layers.Dense(outputs, dtype="float32")(layers.LayerNormalization(epsilon=1e-5)(x))
    return keras.Model(entry, x, name="prior")
