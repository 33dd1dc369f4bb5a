"""The errors of explain/.

ExplainError
├── RequestError   a wrong argument of the caller
└── ModelError     a model whose outputs cannot be explained
"""


class ExplainError(Exception):
    """No explanation is possible. The message says what was received, what would be right, and how to repair it."""


class RequestError(ExplainError):
    """An argument is wrong."""


class ModelError(ExplainError):
    """The model's outputs cannot be explained: they vary, are not finite, or have the wrong shape."""
