"""What can go wrong between a client and a server, the same tree on both sides.

ServingError
├── InvalidRequest       the request cannot be right         INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE
├── NotFound             no such model or version            NOT_FOUND
├── AccessDenied         who you are, or may not do          UNAUTHENTICATED, PERMISSION_DENIED
├── Unavailable          nobody answers, or not yet          UNAVAILABLE
├── Overloaded           too much at once                    RESOURCE_EXHAUSTED
├── DeadlineExceeded     no answer in time                   DEADLINE_EXCEEDED
├── Unsupported          the server has no such call         UNIMPLEMENTED
└── ServerFailure        the server's own fault              all other codes
"""

import enum


class Code(enum.IntEnum):
    """gRPC's status codes, which are absl's and TensorFlow's as well."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class ServingError(Exception):
    """Base of all. `code` is the gRPC status, `message` what the server said; as text, the repair follows it."""

    def __init__(self, code: Code, message: str, repair: str = "") -> None:
        super().__init__(f"{message} {repair}".rstrip())
        self.code, self.message = code, message


class InvalidRequest(ServingError):
    """The request cannot be right; the message says in what. Asking again changes nothing."""


class NotFound(ServingError):
    """The server has no such model, or not this version of it."""


class AccessDenied(ServingError):
    """The server does not know who asks, or does not allow it."""


class Unavailable(ServingError):
    """Nobody answers at the address, or the model is not ready. Asking later may help."""


class Overloaded(ServingError):
    """The server has too much to do, or the message is too large."""


class DeadlineExceeded(ServingError):
    """No answer came within the timeout."""


class Unsupported(ServingError):
    """The server does not offer this call."""


class ServerFailure(ServingError):
    """Something broke in the server or in its model."""


_KINDS: dict[Code, type[ServingError]] = {
    Code.INVALID_ARGUMENT: InvalidRequest,
    Code.FAILED_PRECONDITION: InvalidRequest,
    Code.OUT_OF_RANGE: InvalidRequest,
    Code.NOT_FOUND: NotFound,
    Code.UNAUTHENTICATED: AccessDenied,
    Code.PERMISSION_DENIED: AccessDenied,
    Code.UNAVAILABLE: Unavailable,
    Code.RESOURCE_EXHAUSTED: Overloaded,
    Code.DEADLINE_EXCEEDED: DeadlineExceeded,
    Code.UNIMPLEMENTED: Unsupported,
}


def error(code: int, message: str, repair: str = "") -> ServingError:
    """The error of the tree for a status code."""
    code = Code(code)
    return _KINDS.get(code, ServerFailure)(code, message, repair)


class CannotServe(Exception):
    """The server could not start; the message says why, and what to do."""


class BadOption(CannotServe):
    """The server was asked for what cannot be."""
