"""The errors of clients and servers: one tree for both.

ServingError
├── InvalidRequest       the request is wrong                INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE
├── NotFound             no such model or version            NOT_FOUND
├── AccessDenied         unknown or forbidden caller         UNAUTHENTICATED, PERMISSION_DENIED
├── Unavailable          no server, or not ready             UNAVAILABLE
├── Overloaded           too many or too large requests      RESOURCE_EXHAUSTED
├── DeadlineExceeded     no answer in time                   DEADLINE_EXCEEDED
├── Unsupported          the server has no such call         UNIMPLEMENTED
└── ServerFailure        a fault in the server or the model  all other codes
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
    """The base class. `code` is the gRPC status, `message` the server's text; `str()` adds how to repair it."""

    def __init__(self, code: Code, message: str, repair: str = "") -> None:
        super().__init__(f"{message} {repair}".rstrip())
        self.code, self.message = code, message


class InvalidRequest(ServingError):
    """The request is wrong; the message says why. Repeating it does not help."""


class NotFound(ServingError):
    """The server does not have this model, or not this version of it."""


class AccessDenied(ServingError):
    """The server does not know the caller, or does not allow the call."""


class Unavailable(ServingError):
    """No server answers at the address, or the model is not ready. A later attempt may succeed."""


class Overloaded(ServingError):
    """The server has too many requests, or the message is too large."""


class DeadlineExceeded(ServingError):
    """No reply arrived within the timeout."""


class Unsupported(ServingError):
    """The server does not implement this call."""


class ServerFailure(ServingError):
    """Something failed in the server or in its model."""


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


class ServerStartError(Exception):
    """The server could not start; the message says why, and how to repair it."""


class OptionError(ServerStartError):
    """An option of the server, or a file that it names, is wrong."""
