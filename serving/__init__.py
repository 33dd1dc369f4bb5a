"""TF Serving's API: a server, a client, batch jobs. Never imports zoo.

    from serving import Client
    with Client("127.0.0.1:8500") as client:
        images = client.predict("dcgan", {"seed": [0, 1, 2]}, signature="sample")["images"]

`serving.Client` comes without TensorFlow, and so do the batch jobs; only the server needs it.
"""

from serving.client import (
    AsyncClient,
    CallStatistics,
    Client,
    Label,
    Metadata,
    Prediction,
    Statistics,
    Tls,
    VersionStatus,
)
from serving.protocol.errors import (
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
from serving.protocol.signatures import Signature, TensorSpec

__all__ = [
    "AccessDenied",
    "AsyncClient",
    "CallStatistics",
    "Client",
    "DeadlineExceeded",
    "InvalidRequest",
    "Label",
    "Metadata",
    "NotFound",
    "Overloaded",
    "Prediction",
    "ServerFailure",
    "ServingError",
    "Signature",
    "Statistics",
    "TensorSpec",
    "Tls",
    "Unavailable",
    "Unsupported",
    "VersionStatus",
]
