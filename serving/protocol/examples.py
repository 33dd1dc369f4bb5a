"""tf.train.Example without TensorFlow: named features, each a list of bytes, float32 or int64."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import ArrayLike, NDArray

from serving.protocol import protos, wire
from serving.protocol.errors import Code, error

Features = Mapping[str, ArrayLike]
"""Text or bytes, floats, or integers and booleans, of any shape; an Example stores them flat."""


def example(features: Features) -> "protos.Example":
    """Features -> a tf.train.Example. Errors: InvalidRequest for types that it cannot hold."""
    message = protos.Example()
    for name, value in features.items():
        array = wire.as_array(value).ravel()
        feature = message.features.feature[name]
        if array.dtype == object:
            feature.bytes_list.value.extend(array.tolist())
        elif np.issubdtype(array.dtype, np.floating):
            # A packed field has the array's own layout: a hundred times faster than appending the numbers.
            feature.float_list.MergeFromString(b"".join(wire.field(b"\x0a", [array.astype("<f4").tobytes()])))
        elif np.issubdtype(array.dtype, np.integer) or array.dtype == bool:
            feature.int64_list.value.extend(array.astype(np.int64).tolist())
        else:
            text = f"An Example holds text, floats and integers; the feature {name!r} is {array.dtype}. Convert it."
            raise error(Code.INVALID_ARGUMENT, text)
    return message


def features(data: bytes) -> dict[str, NDArray[Any]]:
    """A serialised Example -> its features by name: float32, int64, or object arrays of bytes.

    Errors: InvalidRequest.
    """
    try:
        message = protos.Example.FromString(data)
    except DecodeError as failure:
        raise error(Code.INVALID_ARGUMENT, f"These bytes are not a tf.train.Example: {failure}") from None
    kinds = {"bytes_list": np.object_, "float_list": np.float32, "int64_list": np.int64}
    found: dict[str, NDArray[Any]] = {}
    for name, feature in sorted(message.features.feature.items()):
        if kind := feature.WhichOneof("kind"):
            found[name] = np.array(list(getattr(feature, kind).value), kinds[kind])
    return found
