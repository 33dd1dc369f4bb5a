"""A SavedModel's target as TensorFlow 2 differentiates it, and its weights."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from explain.errors import RequestError
from explain.sources.targets import Target


class Weights:
    """One target of a SavedModel, loaded with its variables."""

    def __init__(self, folder: Path, target: Target, label: int | None) -> None:
        self._model = tf.saved_model.load(str(folder))  # it owns the variables
        self._function = self._model.signatures[target.signature]
        self._target, self._label = target, label

    def values(self, data: NDArray) -> NDArray[np.float64]:
        """Inputs (n, ...) -> the target (n,)."""
        return self._ask(self._tensors(data)).numpy().astype(np.float64)

    def gradient(self, data: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Inputs (n, ...) -> the target (n,), and ∂target/∂input, (n, ...). Errors: RequestError if it has none."""
        tensors = self._tensors(data)
        watched = tensors[self._target.data]
        with tf.GradientTape() as tape:
            tape.watch(watched)
            values = self._ask(tensors)
        gradient = tape.gradient(values, watched)
        if gradient is None:
            raise RequestError(f"{self._target} has no gradient with respect to its input. Choose another target.")
        return values.numpy().astype(np.float64), gradient.numpy().astype(np.float64)

    def shuffle(self, seed: int) -> None:
        """Permutes the numbers within every variable: each layer keeps its distribution and loses what it learnt."""
        rng = np.random.default_rng(seed)
        for resource in self._function.captured_inputs:
            if resource.dtype == tf.resource and (dtype := _variable(resource)) is not None:
                value = tf.raw_ops.ReadVariableOp(resource=resource, dtype=dtype).numpy()
                tf.raw_ops.AssignVariableOp(
                    resource=resource, value=rng.permutation(value.ravel()).reshape(value.shape)
                )

    def _tensors(self, data: NDArray) -> dict[str, tf.Tensor]:
        return {name: tf.constant(value) for name, value in self._target.inputs(data, self._label).items()}

    def _ask(self, tensors: dict[str, tf.Tensor]) -> tf.Tensor:
        output = self._function(**tensors)[self._target.output]
        if self._target.index is None:
            return tf.reshape(output, (-1,))
        value = output[(slice(None), *self._target.index)]
        return value if self._target.minus is None else value - output[(slice(None), *self._target.minus)]


def _variable(resource: Any) -> Any:
    """The type of the floating-point variable behind a resource; None for tables, counters and seeds."""
    (known,) = resource._handle_data.shape_and_type[:1] if resource._handle_data else (None,)
    dtype = None if known is None else tf.as_dtype(known.dtype)
    return dtype if dtype is not None and dtype.is_floating else None
