"""A client of TF Serving's gRPC API, ours or the real one's. numpy in, numpy out, no TensorFlow.

calls.py       what may be asked, and how the reply is read
transport.py   where the wire begins: gRPC channels, or whatever a test puts there
attempts.py    deadlines, retries, statistics of a call
chunks.py      large batches in pieces
sync.py, aio.py    the two clients: all of the above, and how each of them waits
"""

from serving.client.aio import AsyncClient
from serving.client.attempts import TRANSIENT, CallStatistics, Statistics
from serving.client.calls import METADATA, PREDICT, STATUS, Call
from serving.client.replies import Label, Metadata, Prediction, VersionStatus
from serving.client.sync import Client
from serving.client.transport import AsyncTransport, GrpcTransport, Tls, Transport

__all__ = [
    "METADATA",
    "PREDICT",
    "STATUS",
    "TRANSIENT",
    "AsyncClient",
    "AsyncTransport",
    "Call",
    "CallStatistics",
    "Client",
    "GrpcTransport",
    "Label",
    "Metadata",
    "Prediction",
    "Statistics",
    "Tls",
    "Transport",
    "VersionStatus",
]
