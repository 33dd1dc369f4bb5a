"""The contract: a model is a set of players, each with networks and a loss.

An autoencoder has one player, a GAN two. `zoo.training.trainer` lets each player move in turn and never asks which
model it trains; `zoo.export` writes the model's signatures and never asks either.
"""

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import keras
import tensorflow as tf

from zoo.core.random import Seed


class Watched(NamedTuple):
    """A value beside the loss's terms that is logged and not paid: an accuracy, an estimate. (B,) or a scalar."""

    value: tf.Tensor


Terms = Mapping[str, tf.Tensor | Watched]
"""A loss by name of its terms, weights included, each (B,) or a scalar; the loss is the sum of their means."""

Loss = Callable[["Batch", Seed], Terms]


class Spec(NamedTuple):
    """What one example is.

    Attributes:
      shape: (H, W, C) for images, (T, H, W, C) for videos, (F,) for a table.
      classes: how many; 0 for no labels.
      other: the shape of the second domain's examples; None where there is one domain.
    """

    shape: tuple[int, ...]
    classes: int = 0
    other: tuple[int, ...] | None = None


class Batch(NamedTuple):
    """Examples to learn from.

    Attributes:
      x: float32 (B, *shape) in [-1, 1].
      label: int64 (B,), zeros where the data has none.
      other: float32 (B, *other) in [-1, 1], the second domain's, unpaired; () where there is one domain.
    """

    x: tf.Tensor
    label: tf.Tensor
    other: tf.Tensor | tuple[()] = ()


@dataclass(frozen=True)
class Player:
    """One side of the game.

    Attributes:
      name: in the field's terms: generator, critic, autoencoder.
      networks: whose weights this player moves.
      loss: (batch, seed) -> terms, per example; the engine takes means, over replicas too.
      steps: moves in one turn (a WGAN's critic: 5).
      rate: learning rate as a multiple of the run's (two time scales, Heusel et al. 2017).
      during: from which to which share of the run the player moves; elsewhere its networks rest.
      warmup: by term, over which share of the run it rises in a line from zero to its full weight.
      lazy: terms so costly that they are paid in every `every`-th turn only, and `every` times as much there (Karras
        et al., arXiv 1912.04958, appendix B).
      constraint: applied after each move (a WGAN's clipping).
    """

    name: str
    networks: Sequence[keras.Model]
    loss: Loss
    steps: int = 1
    rate: float = 1.0
    during: tuple[float, float] = (0.0, 1.0)
    warmup: Mapping[str, float] = field(default_factory=dict)
    lazy: Loss | None = None
    every: int = 1
    constraint: Callable[[], None] | None = None


@dataclass(frozen=True)
class Signature:
    """A function that the model offers to the world, with the batch in dimension 0 of every input and output.

    Attributes:
      function: takes the inputs by position, returns outputs by name. Images in [0, 1].
      inputs: their specs by name; dimension 0 is None.
    """

    function: Callable[..., Mapping[str, tf.Tensor]]
    inputs: Mapping[str, tf.TensorSpec]


class GenerativeModel(abc.ABC):
    """What the engine trains and the exporter writes."""

    spec: Spec
    players: Sequence[Player]

    @property
    @abc.abstractmethod
    def averaged(self) -> Sequence[keras.Model]:
        """The networks that draw: those whose moving average is exported where the run keeps one."""

    @abc.abstractmethod
    def signatures(self) -> Mapping[str, Signature]:
        """What is exported; the first is the default."""

    @abc.abstractmethod
    def pictures(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """What a person would look at after an epoch, in [-1, 1]: images (N, H, W, C), or videos (N, T, H, W, C)."""

    @property
    def networks(self) -> Sequence[keras.Model]:
        """Every network of every player, once."""
        return list({id(n): n for p in self.players for n in p.networks}.values())


def to_wire(x: tf.Tensor) -> tf.Tensor:
    """From [-1, 1], the zoo's range, to [0, 1], the wire's."""
    return (x + 1.0) / 2.0


def from_wire(x: tf.Tensor) -> tf.Tensor:
    """From [0, 1], the wire's range, to [-1, 1], the zoo's."""
    return 2.0 * x - 1.0


def images_spec(spec: Spec) -> tf.TensorSpec:
    """Examples on the wire: float32 (None, *shape)."""
    return tf.TensorSpec((None, *spec.shape), tf.float32)


def seed_spec() -> tf.TensorSpec:
    """One seed for each row: int64 (None,)."""
    return tf.TensorSpec((None,), tf.int64)


def label_spec() -> tf.TensorSpec:
    """One class for each row: int64 (None,)."""
    return tf.TensorSpec((None,), tf.int64)


def interleave(left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """Rows of two tensors by turns: (N, ...) twice -> (2 N, ...)."""
    return tf.reshape(tf.stack([left, right], axis=1), (-1, *left.shape[1:]))
