"""A client of TF Serving's gRPC API, for this server and for the real one. numpy in, numpy out, no TensorFlow.

calls.py           the requests, and how their replies are read
reading.py         large replies of Predict, read without parsing their numbers
replies.py         what the client returns
transport.py       what carries the bytes: gRPC channels, or a fake in tests
attempts.py        deadline, retries and statistics of a call
chunks.py          large batches, split and joined
sync.py, aio.py    the blocking client and the one for asyncio
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
