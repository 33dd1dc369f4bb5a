"""What loading and batching report: metrics count it."""

from typing import Protocol

from serving.protocol.errors import Code


class Observer(Protocol):
    """Receives the events of this room; `serving.handlers.metrics.Monitor` is one. Safe to share between threads."""

    def loaded(self, model: str, path: str, code: Code = Code.OK) -> None:
        """A version's folder was loaded, or failed to with `code`."""

    def warmup(self, path: str, code: Code, seconds: float, records: int) -> None:
        """The warm-up requests of a version's folder were run."""

    def batch(self, pool: str, queued_seconds: float, input_size: int, processed_size: int, padding: int) -> None:
        """A batch ran: seconds its first request waited, rows of its requests, rows with padding, rows of padding."""
