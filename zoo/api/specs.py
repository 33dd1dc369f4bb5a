"""The features of a model's data and its signatures, as the front door reads them."""

from collections.abc import Mapping

import tensorflow as tf

from serving.protocol.signatures import Signature, TensorSpec
from zoo.api.values import Meanings
from zoo.core import model
from zoo.core.features import Spec


def meanings(spec: Spec) -> Meanings:
    """The names of classes and columns."""
    classes = spec.features["label"].names if "label" in spec.features else ()
    return Meanings(classes, {column.wire_name: column.name for column in spec.feature.columns})


def facts(spec: Spec) -> dict[str, str]:
    """A line for people for each feature, by its name."""
    return {name: feature.describe() for name, feature in spec.features.items()}


def signatures(offered: Mapping[str, model.Signature]) -> dict[str, Signature]:
    """A model's own signatures, in its order, in the form in which a server tells them."""
    return {name: Signature(_tensors(s.wire_inputs), _tensors(s.wire_outputs)) for name, s in offered.items()}


def _tensors(specs: Mapping[str, tf.TensorSpec]) -> dict[str, TensorSpec]:
    return {name: TensorSpec(spec.dtype.name, tuple(spec.shape), name) for name, spec in specs.items()}
