"""The errors of explain/.

ExplainError
├── RequestError   the caller's: an argument that cannot be right
└── ModelError     the model's: its answers cannot be explained
"""


class ExplainError(Exception):
    """No explanation can be given. The message says what was received, what is right, and the repair."""


class RequestError(ExplainError):
    """An argument cannot be right."""


class ModelError(ExplainError):
    """The model answers in a way that LIME cannot explain."""
