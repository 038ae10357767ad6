"""Fixtures of the commands: a stack that is not started yet, and a file of events."""

from tests.commands.conftest import events, stack

__all__ = ["events", "stack"]
