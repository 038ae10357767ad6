"""The errors of rubric files, each with a sentence for people."""

from contracts.messages import Message, join_lines
from services.chassis.errors import DanchuError


class RubricRefused(DanchuError):
    """A rubric file has faults, each a sentence with its file and line."""

    def __init__(self, faults: list[Message]) -> None:
        super().__init__(join_lines(faults))
        self.faults = faults


class UnreadableValue(ValueError):
    """A value of a rubric file that its reader does not accept, and the reason."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason
