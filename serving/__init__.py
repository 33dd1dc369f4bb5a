"""TF Serving's API: a server, a client, batch jobs. Never imports zoo.

    from serving import Client
    with Client("127.0.0.1:8500") as client:
        images = client.predict("dcgan", {"seed": [0, 1, 2]}, signature="sample")["images"]

The client and the batch jobs do without TensorFlow; only the server needs it.
Importing this package is cheap: each name is fetched from its module when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serving.client.aio import AsyncClient
    from serving.client.attempts import CallStatistics, Statistics
    from serving.client.replies import Label, Metadata, Prediction, VersionStatus
    from serving.client.sync import Client
    from serving.client.transport import Tls
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

_HOME = {
    "AsyncClient": "client.aio",
    "CallStatistics": "client.attempts",
    "Statistics": "client.attempts",
    "Label": "client.replies",
    "Metadata": "client.replies",
    "Prediction": "client.replies",
    "VersionStatus": "client.replies",
    "Client": "client.sync",
    "Tls": "client.transport",
    "AccessDenied": "protocol.errors",
    "DeadlineExceeded": "protocol.errors",
    "InvalidRequest": "protocol.errors",
    "NotFound": "protocol.errors",
    "Overloaded": "protocol.errors",
    "ServerFailure": "protocol.errors",
    "ServingError": "protocol.errors",
    "Unavailable": "protocol.errors",
    "Unsupported": "protocol.errors",
    "Signature": "protocol.signatures",
    "TensorSpec": "protocol.signatures",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"serving.{_HOME[name]}"), name)
