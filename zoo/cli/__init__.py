"""The command `zoo`."""

from zoo.cli.command import COMMANDS, call
from zoo.cli.main import main

__all__ = ["COMMANDS", "call", "main"]
