"""A model handler for Apache Beam's RunInference, for jobs too large for one machine. Needs no TensorFlow.

handler = TFServingModelHandler("serving:8500", "dcgan", signature="sample", version=1)
rows | RunInference(handler)     # rows: {"seed": 7} -> PredictionResult with inference {"images": (H, W, C)}
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, final

import numpy as np
from apache_beam.ml.inference.base import PredictionResult, RemoteModelHandler
from numpy.typing import ArrayLike

from serving.client import TRANSIENT, Client, Tls, chunks
from serving.protocol import wire
from serving.protocol.errors import Code, InvalidRequest, ServingError

RETRIED = (*TRANSIENT, Code.DEADLINE_EXCEEDED)
"""Codes of failures that Beam retries, with growing pauses."""


@final
class TFServingModelHandler(RemoteModelHandler[Mapping[str, ArrayLike], PredictionResult, Client]):
    """Calls a signature on a server, this one or TF Serving. An element is one row: inputs by name, without a batch.

    Args:
      server: HOST:PORT, reachable from every worker.
      version: None for the latest at each request; a job of hours should name a version.
      outputs: the names of the outputs to return; empty for all.
      rows: the most elements in a request.
      timeout: seconds for a request.
      channels, tls, metadata: see serving.Client.
      beam: further options of RemoteModelHandler, such as num_retries, rate_limiter, throttle_delay_secs.
    """

    def __init__(
        self,
        server: str,
        model: str,
        *,
        signature: str = "serving_default",
        version: int | None = None,
        outputs: Sequence[str] = (),
        rows: int = chunks.ROWS,
        timeout: float = 60.0,
        channels: int = 1,
        tls: Tls | None = None,
        metadata: Mapping[str, str] | None = None,
        **beam: Any,
    ) -> None:
        super().__init__(namespace="serving", retry_filter=retried, **beam)
        self._model, self._rows = model, rows
        self._call: dict[str, Any] = {"signature": signature, "version": version, "outputs": tuple(outputs)}
        # The client does not retry: Beam's throttling must see every failure.
        self._connect = partial(
            Client, server, timeout=timeout, retries=0, channels=channels, tls=tls, metadata=metadata
        )

    def create_client(self) -> Client:
        """Makes the client of a worker process."""
        return self._connect()

    def request(
        self,
        batch: Sequence[Mapping[str, ArrayLike]],
        model: Client,
        inference_args: dict[str, Any] | None = None,
    ) -> Iterable[PredictionResult]:
        """Rows -> a PredictionResult each, with the outputs by name as `inference` and MODEL/VERSION as `model_id`."""
        reply = model.predict(self._model, stacked(batch), **{**self._call, **(inference_args or {})})
        chunks.check(reply, len(batch))
        name = f"{reply.model}/{reply.version}"
        return [
            PredictionResult(row, {key: value[i] for key, value in reply.items()}, name) for i, row in enumerate(batch)
        ]

    def batch_elements_kwargs(self) -> Mapping[str, Any]:
        """See ModelHandler."""
        return {"min_batch_size": 1, "max_batch_size": self._rows}

    def validate_inference_args(self, inference_args: dict[str, Any] | None) -> None:
        """Checks that only signature, version, outputs and timeout are overridden. Errors: ValueError."""
        if unknown := set(inference_args or {}) - {"signature", "version", "outputs", "timeout"}:
            raise ValueError(f"inference_args are signature, version, outputs and timeout; received {sorted(unknown)}.")


def retried(failure: Exception) -> bool:
    """Whether Beam should retry."""
    return isinstance(failure, ServingError) and failure.code in RETRIED


def stacked(rows: Sequence[Mapping[str, ArrayLike]]) -> dict[str, Any]:
    """Rows -> inputs with the batch in dimension 0. Errors: InvalidRequest if the rows differ in names or shapes."""
    names = list(rows[0])
    try:
        return {name: np.stack([wire.as_array(row[name]) for row in rows]) for name in names}
    except (KeyError, ValueError) as failure:
        text = f"All rows must have the same inputs in the same shapes ({failure}); the first has {', '.join(names)}."
        raise InvalidRequest(Code.INVALID_ARGUMENT, text) from None
