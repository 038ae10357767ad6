"""Attendance: who attended which session of a course, for how many hours. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple

from contracts import moments
from contracts.messages import Message
from services.records.state_machine import Step
from services.training.messages import message

Test = Literal["passed", "failed"]
HOUR_US = 3_600_000_000


def session_end(starts: int, hours: str) -> int:
    """The instant at which a session is over that begins at an instant, in microseconds."""
    return starts + int(Decimal(hours) * HOUR_US)


class Attendance(NamedTuple):
    """One person in one session: hours as a decimal string, and the test result if any."""

    hours: str
    test: Test | None = None

    @property
    def present(self) -> bool:
        """Whether the person attended: for some hours, or, with 0 hours, for a passed test."""
        return self.test == "passed" or bool(Decimal(self.hours))


@dataclass(frozen=True)
class Session:
    """One session of a course; it ends on the day on which it begins."""

    starts: int
    place: str
    hours: str
    attended: Mapping[str, Attendance] = field(default_factory=dict)

    @property
    def took_place(self) -> bool:
        """Whether anybody attended."""
        return any(row.present for row in self.attended.values())

    @property
    def ends(self) -> int:
        """The instant at which it is over, in microseconds."""
        return session_end(self.starts, self.hours)


class Completed(NamedTuple):
    """When a person met the rule of a course, and the hours attended by then."""

    at: int
    hours: str


def plain(number: Decimal) -> str:
    """A number as a decimal string without needless zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def written(hours: str) -> Message:
    """Hours as a person writes them: 7,5 in Vietnamese, 7.5 in English."""
    return Message("hours", hours.replace(".", ","), hours)


def too_long(session: Session, hours: str) -> Message | None:
    """The fault of hours beyond those of the session; None where they fit."""
    fits = Decimal(hours) <= Decimal(session.hours)
    return None if fits else message("session-shorter", hours=written(session.hours))


def behind_sessions(sessions: Iterable[Session], step: Step) -> Step:
    """Puts the step `hold` of a day, without a time, behind the sessions of that day."""
    if not step.day or step.name != "hold":
        return step
    day = moments.local_day(step.at)
    ends = [session.ends for session in sessions if moments.local_day(session.ends) == day]
    return step._replace(at=max((step.at, *ends)))
