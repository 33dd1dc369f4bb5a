"""What is served, and what is asked of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from serving import Signature
from serving.protocol import protos, wire


def build(models: Path) -> None:
    """Writes MODELS/benchmark/1: decode(codes [B, 16]), generate(latents [B, 100]) and widen(latents [B, 100]).

    In this order: a small perceptron, a generator of a DCGAN's size, and a perceptron of 86 MB, whose weights are read
    from memory for each run, however many rows it has.
    """
    import tensorflow as tf

    random = np.random.default_rng(0)

    def variable(*shape: int) -> Any:
        return tf.Variable(random.normal(0, 0.05, shape).astype(np.float32))

    module = tf.Module()
    module.weights = [variable(16, 128), variable(128, 784), variable(100, 7 * 7 * 128)]
    module.kernels = [variable(4, 4, 64, 128), variable(4, 4, 1, 64)]
    module.wide = [variable(100, 3072), variable(3072, 3072), variable(3072, 3072), variable(3072, 784)]

    @tf.function(input_signature=[tf.TensorSpec((None, 16), tf.float32, "codes")])
    def decode(codes: Any) -> dict[str, Any]:
        return {"images": tf.sigmoid(tf.nn.relu(codes @ module.weights[0]) @ module.weights[1])}

    @tf.function(input_signature=[tf.TensorSpec((None, 100), tf.float32, "latents")])
    def generate(latents: Any) -> dict[str, Any]:
        batch = tf.shape(latents)[0]
        x = tf.nn.relu(tf.reshape(latents @ module.weights[2], (-1, 7, 7, 128)))
        x = tf.nn.relu(tf.nn.conv2d_transpose(x, module.kernels[0], (batch, 14, 14, 64), 2))
        return {"images": tf.sigmoid(tf.nn.conv2d_transpose(x, module.kernels[1], (batch, 28, 28, 1), 2))}

    @tf.function(input_signature=[tf.TensorSpec((None, 100), tf.float32, "latents")])
    def widen(latents: Any) -> dict[str, Any]:
        x = latents
        for weights in module.wide[:-1]:
            x = tf.nn.relu(x @ weights)
        return {"images": tf.sigmoid(x @ module.wide[-1])}

    signatures = {"decode": decode, "generate": generate, "widen": widen}
    tf.saved_model.save(module, str(models / "benchmark" / "1"), signatures=signatures)


def inputs(signature: Signature, rows: int) -> dict[str, np.ndarray]:
    """Arrays that the signature takes: integers count from 0, floats are uniform in [0, 1)."""
    made = {}
    for name, spec in signature.inputs.items():
        shape = [rows if i == 0 else side or 1 for i, side in enumerate(spec.shape or (rows,))]
        counted = np.arange(int(np.prod(shape))).reshape(shape)
        floats = np.random.default_rng(0).random(shape)
        made[name] = (floats if spec.dtype.startswith("float") else counted).astype(spec.dtype)
    return made


def request(model: str, signature: str, arrays: Mapping[str, np.ndarray]) -> bytes:
    """A PredictRequest."""
    message = protos.PredictRequest()
    message.model_spec.name, message.model_spec.signature_name = model, signature
    for name, array in arrays.items():
        message.inputs[name].CopyFrom(wire.encode(array))
    return message.SerializeToString()
