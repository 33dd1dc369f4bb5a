"""The events of loading and batching, for metrics."""

from typing import Protocol

from serving.protocol.errors import Code


class Observer(Protocol):
    """Receives events, from several threads; `serving.handlers.metrics.Monitor` is one."""

    def loaded(self, model: str, path: str, code: Code = Code.OK) -> None:
        """A version's folder was loaded, or failed to with `code`."""

    def warmup(self, path: str, code: Code, seconds: float, records: int) -> None:
        """The warm-up requests of a version's folder were run."""

    def batch(self, pool: str, queued_seconds: float, input_size: int, processed_size: int, padding: int) -> None:
        """A batch ran: seconds its first request waited, rows of its requests, rows with padding, rows of padding."""
