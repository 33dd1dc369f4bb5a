"""What a generator is conditioned on besides its noise: a class, or codes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tensorflow as tf

from zoo.core import features
from zoo.core.features import Feature
from zoo.core.model import Batch
from zoo.core.random import Seed


@dataclass(frozen=True)
class Condition:
    """A condition c, float32 (B, `width`), that G takes beside its noise.

    Attributes:
      width: numbers in c.
      inputs: what a client gives, by name; `label` is a feature of the data.
      encode: the inputs by name -> c.
      sample: (a batch with the data's features among `inputs`, seed) -> c, with everything else sampled.
    """

    width: int
    inputs: Mapping[str, Feature]
    encode: Callable[..., tf.Tensor]
    sample: Callable[[Batch, Seed], tf.Tensor]


NONE = Condition(0, {}, lambda: None, lambda batch, seed: tf.zeros((tf.shape(seed.rows)[0], 0)))
"""No condition."""


def label(feature: Feature) -> Condition:
    """The class, one-hot. Mirza & Osindero, arXiv 1411.1784."""

    def encode(label: tf.Tensor) -> tf.Tensor:
        return tf.one_hot(label, len(feature.names))

    return Condition(len(feature.names), {"label": feature}, encode, lambda batch, seed: encode(batch["label"]))


def codes(categories: int, continuous: int) -> Condition:
    """A uniformly sampled category, one-hot, and continuous codes, uniform in [-1, 1].

    Chen et al., arXiv 1606.03657, section 7.
    """

    def encode(category: tf.Tensor, continuous: tf.Tensor | None = None) -> tf.Tensor:
        one_hot = tf.one_hot(category, categories)
        return one_hot if continuous is None else tf.concat([one_hot, continuous], axis=1)

    def sample(batch: Batch, seed: Seed) -> tf.Tensor:
        category = tf.cast(seed.fold("category").uniform((), 0.0, categories), tf.int64)
        return encode(category, seed.fold("continuous").uniform((continuous,), -1.0, 1.0))

    inputs = {"category": features.label(categories)}
    if continuous:
        inputs["continuous"] = features.vector(continuous)
    return Condition(categories + continuous, inputs, encode, sample)
