"""The command `zoo`."""

from zoo.cli.main import COMMANDS, call, main

__all__ = ["COMMANDS", "call", "main"]
