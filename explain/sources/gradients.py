"""Gradients of a SavedModel's target, and its weights. Needs TensorFlow."""

from pathlib import Path
from typing import Any, final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from explain.errors import RequestError
from explain.sources.targets import Target


@final
class LoadedTarget:
    """One target of a SavedModel, loaded with its variables."""

    def __init__(self, folder: Path, target: Target, label: int | None) -> None:
        self._model = tf.saved_model.load(str(folder))  # keeps the variables alive
        self._function = self._model.signatures[target.signature]
        self._target, self._label = target, label

    def values(self, data: NDArray[Any]) -> NDArray[np.float64]:
        """Inputs (n, ...) -> the target (n,)."""
        return np.asarray(self._call(self._tensors(data)), np.float64)

    def gradient(self, data: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Inputs (n, ...) -> the target (n,) and its gradient (n, ...). Errors: RequestError if it has none."""
        tensors = self._tensors(data)
        watched = tensors[self._target.data]
        with tf.GradientTape() as tape:
            tape.watch(watched)
            values = self._call(tensors)
        gradient = tape.gradient(values, watched)
        if gradient is None:
            raise RequestError(f"{self._target} has no gradient with respect to its input. Choose another target.")
        return np.asarray(values, np.float64), np.asarray(gradient, np.float64)

    def shuffle(self, seed: int) -> None:
        """Permutes the values of each variable: the distribution of the weights stays, what they learned is lost."""
        rng = np.random.default_rng(seed)
        for resource in self._function.captured_inputs:
            if resource.dtype == tf.resource and (dtype := _variable(resource)) is not None:
                value = tf.raw_ops.ReadVariableOp(resource=resource, dtype=dtype).numpy()
                tf.raw_ops.AssignVariableOp(
                    resource=resource, value=rng.permutation(value.ravel()).reshape(value.shape)
                )

    def _tensors(self, data: NDArray[Any]) -> dict[str, tf.Tensor]:
        return {name: tf.constant(value) for name, value in self._target.inputs(data, self._label).items()}

    def _call(self, tensors: dict[str, tf.Tensor]) -> tf.Tensor:
        output = self._function(**tensors)[self._target.output]
        if self._target.index is None:
            return tf.reshape(output, (-1,))
        value = output[(slice(None), *self._target.index)]
        return value if self._target.minus is None else value - output[(slice(None), *self._target.minus)]


def _variable(resource: Any) -> Any:
    """The dtype of a floating-point variable; None for tables, counters and seeds."""
    (known,) = resource._handle_data.shape_and_type[:1] if resource._handle_data else (None,)
    dtype = None if known is None else tf.as_dtype(known.dtype)
    return dtype if dtype is not None and dtype.is_floating else None
