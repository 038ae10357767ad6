"""The errors of rubric files, each with a sentence for people."""

from collections.abc import Sequence
from typing import NamedTuple

from contracts.messages import Message, join_lines
from services.chassis.errors import DanchuError
from services.scoring.messages import message


class RubricRefused(DanchuError):
    """A rubric file has faults, each a sentence with its file and line."""

    def __init__(self, faults: list[Message], places: Sequence[tuple[int, Message]] = ()) -> None:
        """`places` are the faults as lines and reasons, where all are of one file."""
        super().__init__(join_lines(faults))
        self.faults, self.places = faults, places


class ProposalFault(NamedTuple):
    """A fault of one of several texts, by the number of the text and the line in it."""

    text: int
    line: int
    reason: Message


class ProposalsRefused(DanchuError):
    """Some texts cannot be used as rubrics of a year."""

    def __init__(self, faults: Sequence[ProposalFault]) -> None:
        super().__init__(message("what-if-refused"))
        self.faults = faults


class UnreadableValue(ValueError):
    """A value of a rubric file that its reader does not accept, and the reason."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason
