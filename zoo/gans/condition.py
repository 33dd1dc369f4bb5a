"""What a generator is told besides its noise: the class, or codes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tensorflow as tf

from zoo.core.model import label_spec
from zoo.core.random import Seed


@dataclass(frozen=True)
class Condition:
    """Numbers c (B, `width`) that G is told.

    Attributes:
      asked: what they are made of, as inputs of a signature; `label` is the data's own.
      code: these -> c.
      tell: (labels (B,), seed) -> c of a batch in training, or of samples.
    """

    width: int
    asked: Mapping[str, tf.TensorSpec]
    code: Callable[..., tf.Tensor]
    tell: Callable[[tf.Tensor, Seed], tf.Tensor]


def labels(classes: int) -> Condition:
    """The class, one-hot. Mirza & Osindero, arXiv 1411.1784."""

    def code(label: tf.Tensor) -> tf.Tensor:
        return tf.one_hot(label, classes)

    return Condition(classes, {"label": label_spec()} if classes else {}, code, lambda label, seed: code(label))


def codes(categories: int, continuous: int) -> Condition:
    """A category, one-hot, and continuous codes in [-1, 1], drawn evenly. Chen et al., arXiv 1606.03657, section 7."""

    def code(category: tf.Tensor, *values: tf.Tensor) -> tf.Tensor:
        return tf.concat([tf.one_hot(category, categories), *values], axis=1)

    def tell(label: tf.Tensor, seed: Seed) -> tf.Tensor:
        category = tf.cast(seed.fold("category").uniform((), 0.0, categories), tf.int64)
        return code(category, seed.fold("continuous").uniform((continuous,), -1.0, 1.0))

    asked = {"category": label_spec()}
    if continuous:
        asked["continuous"] = tf.TensorSpec((None, continuous), tf.float32)
    return Condition(categories + continuous, asked, code, tell)


NOTHING = labels(0)
