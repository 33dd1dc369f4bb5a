"""The contract: a model is a set of players, each with networks and a loss.

An autoencoder has one player, a GAN two. `zoo.training.trainer` updates each player in order and never asks which
model it trains; `zoo.export` writes the model's signatures and never asks either.
"""

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import keras
import tensorflow as tf

from zoo.core.errors import UserError
from zoo.core.features import Feature, Spec
from zoo.core.random import Seed
from zoo.core.wire_names import WIRE_NAMES

__all__ = ["Batch", "GenerativeModel", "Loss", "Metric", "Player", "Signature", "Spec", "Terms", "interleave"]

Batch = Mapping[str, tf.Tensor]
"""Examples by the names of their features, each (B, *shape): `batch[spec.target]`, `batch["label"]`."""


class Metric(NamedTuple):
    """A value beside the loss's terms that is logged and not minimised: an accuracy, an estimate. (B,) or a scalar."""

    value: tf.Tensor


Terms = Mapping[str, tf.Tensor | Metric]
"""A loss by name of its terms, weights included, each (B,) or a scalar; the loss is the sum of their means."""

Loss = Callable[[Batch, Seed], Terms]


@dataclass(frozen=True)
class Player:
    """Networks that are updated together, by one loss.

    Attributes:
      name: in the field's terms: generator, critic, autoencoder.
      networks: whose weights this player's updates change.
      loss: (batch, seed) -> terms, per example; the engine takes means, over replicas too.
      updates: in one training step (a WGAN's critic: 5).
      learning_rate_multiplier: of the run's learning rate (two time scales, Heusel et al., arXiv 1706.08500).
      active: the share of the run in which the player is updated, from and to; (0, 1) is always.
      warmup: by term, the share of the run over which its weight rises linearly from zero.
      lazy: terms so costly that they are part of the loss only in every `interval`-th step, and `interval` times as
        large there (Karras et al., arXiv 1912.04958, appendix B).
      constraint: applied after each update (a WGAN's clipping).
    """

    name: str
    networks: Sequence[keras.Model]
    loss: Loss
    updates: int = 1
    learning_rate_multiplier: float = 1.0
    active: tuple[float, float] = (0.0, 1.0)
    warmup: Mapping[str, float] = field(default_factory=dict)
    lazy: Loss | None = None
    interval: int = 1
    constraint: Callable[[], None] | None = None


@dataclass(frozen=True)
class Signature:
    """A function that the model offers, with the batch in dimension 0 of every input and output.

    `serve` is what is exported: it takes and gives what clients see. There, the example itself, `x`, goes by the
    plural of its kind (images, videos, series), a table by its columns, and everything else by its own name.

    Attributes:
      function: takes the inputs by name and returns the outputs by name, both as a model sees them, in [-1, 1].
      inputs: features by name.
      outputs: features by name.
    """

    function: Callable[..., Mapping[str, tf.Tensor]]
    inputs: Mapping[str, Feature]
    outputs: Mapping[str, Feature]

    @property
    def wire_inputs(self) -> dict[str, tf.TensorSpec]:
        """What a request holds."""
        return _wire(self.inputs)

    @property
    def wire_outputs(self) -> dict[str, tf.TensorSpec]:
        """What a reply holds."""
        return _wire(self.outputs)

    def serve(self, tensors: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """A request's tensors -> the reply's."""
        inputs = {name: f.from_wire(wire_name(name, f), tensors) for name, f in self.inputs.items()}
        outputs = self.function(**inputs)
        reply: dict[str, tf.Tensor] = {}
        for name, feature in self.outputs.items():
            reply |= feature.to_wire(wire_name(name, feature), outputs[name])
        return reply


def wire_name(name: str, feature: Feature) -> str:
    """What a signature's input or output is called on the wire: `x` by the plural of its kind, others as they are."""
    return WIRE_NAMES[feature.kind] if name == "x" else name


def _wire(features: Mapping[str, Feature]) -> dict[str, tf.TensorSpec]:
    specs: dict[str, tf.TensorSpec] = {}
    for name, feature in features.items():
        more = feature.wire(wire_name(name, feature))
        twice = sorted(specs.keys() & more.keys())
        if twice:
            raise UserError(f"A column is named {twice[0]!r}, as another input or output of the model is. Rename it.")
        specs |= more
    return specs


class GenerativeModel(abc.ABC):
    """What the engine trains and the exporter writes."""

    spec: Spec
    players: Sequence[Player]

    @property
    @abc.abstractmethod
    def averaged(self) -> Sequence[keras.Model]:
        """The networks that generate: those whose moving average is exported where the run keeps one."""

    @abc.abstractmethod
    def signatures(self) -> Mapping[str, Signature]:
        """What is exported; the first is the default."""

    @abc.abstractmethod
    def preview(self, batch: Batch, seed: Seed) -> tf.Tensor:
        """What a person looks at after an epoch: examples of the spec's target (N, *shape) in [-1, 1]."""

    @property
    def networks(self) -> Sequence[keras.Model]:
        """Every network of every player, once."""
        return list({id(n): n for p in self.players for n in p.networks}.values())


def interleave(left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """Rows of two tensors in turn: (N, ...) twice -> (2 N, ...)."""
    return tf.reshape(tf.stack([left, right], axis=1), (-1, *left.shape[1:]))
