"""TF Serving's API: a server, a client, batch jobs. Never imports zoo.

    from serving import Client
    with Client("127.0.0.1:8500") as client:
        images = client.predict("dcgan", {"seed": [0, 1, 2]}, signature="sample")["images"]

`serving.Client` comes without TensorFlow; only the server needs it.
"""

from serving.client import Client, Metadata, Prediction, VersionStatus
from serving.errors import (
    AccessDenied,
    DeadlineExceeded,
    InvalidRequest,
    NotFound,
    Overloaded,
    ServerFailure,
    ServingError,
    Unavailable,
    Unsupported,
)
from serving.signatures import Signature, TensorSpec

__all__ = [
    "AccessDenied",
    "Client",
    "DeadlineExceeded",
    "InvalidRequest",
    "Metadata",
    "NotFound",
    "Overloaded",
    "Prediction",
    "ServerFailure",
    "ServingError",
    "Signature",
    "TensorSpec",
    "Unavailable",
    "Unsupported",
    "VersionStatus",
]
