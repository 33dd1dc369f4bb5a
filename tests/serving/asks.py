"""Requests for the stock stubs, and the errors of refused ones."""

import grpc
import pytest
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow_serving.apis import inference_pb2, predict_pb2


def predict(inputs, name="affine", signature="", version=None, label=None, outputs=()):
    """A PredictRequest; inputs are TensorProtos, or values that become one."""
    made = predict_pb2.PredictRequest(output_filter=outputs)
    made.model_spec.name, made.model_spec.signature_name = name, signature
    if version is not None:
        made.model_spec.version.value = version
    if label is not None:
        made.model_spec.version_label = label
    for key, value in inputs.items():
        made.inputs[key].CopyFrom(value if isinstance(value, TensorProto) else tf.make_tensor_proto(value))
    return made


def tensor(*sides, **fields):
    """A TensorProto written by hand."""
    made = TensorProto(**fields)
    for side in sides:
        made.tensor_shape.dim.add(size=side)
    return made


def example(**features):
    """A tf.Example of floats."""
    made = tf.train.Example()
    for name, value in features.items():
        made.features.feature[name].float_list.value.append(value)
    return made


def about(kind, xs, signature="", context=None, name="half"):
    """A ClassificationRequest or RegressionRequest over tf.Examples of x."""
    made = kind()
    made.model_spec.name, made.model_spec.signature_name = name, signature
    held = made.input.example_list if context is None else made.input.example_list_with_context
    if context is not None:
        held.context.CopyFrom(context)
    held.examples.extend([example(x=x) for x in xs])
    return made


def multi(tasks, xs=(1.0, -8.0)):
    """A MultiInferenceRequest to `half`: (signature, method)s over tf.Examples of x."""
    made = inference_pb2.MultiInferenceRequest()
    made.input.example_list.examples.extend([example(x=x) for x in xs])
    for signature, method in tasks:
        task = made.tasks.add(method_name=method)
        task.model_spec.name, task.model_spec.signature_name = "half", signature
    return made


def refused(call, message, timeout=20):
    """The code and the message of a call's error."""
    with pytest.raises(grpc.RpcError) as caught:
        call(message, timeout=timeout)
    return caught.value.code().name, caught.value.details()
