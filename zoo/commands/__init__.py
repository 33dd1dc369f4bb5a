"""The commands of `zoo`, by what they are about; they come in this order in its help."""

from zoo.commands import training, served, explained, demo  # isort: skip

__all__ = ["demo", "explained", "served", "training"]
