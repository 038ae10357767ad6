"""What people write into a command: texts, days and moments, each with its bounds.

Texts are NFC and without control characters, since every database and every event takes those.
"""

import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from contracts import moments
from contracts.bounds import AHEAD_MAX, EARLIEST
from contracts.envelope import CITY, UNIT_KEY
from services.chassis.steps import StepRefused

LINE_MAX, TEXT_MAX, KEY_MAX = 200, 2000, 128
NO_NUL = r"^[^\x00]*$"
"""What PostgreSQL takes for a text."""


def _clean(text: str) -> str:
    """The text in NFC; ValueError for control characters and for nothing but blanks."""
    whole = unicodedata.normalize("NFC", text).strip()
    if not whole:
        raise ValueError("must not be empty")
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in whole):
        raise ValueError("has a control character")
    return whole


def _line(text: str) -> str:
    whole = _clean(text)
    if not whole.isprintable():
        raise ValueError("must be one line of printable characters")
    return whole


def _unit(text: str) -> str:
    if not UNIT_KEY.fullmatch(text) or text == CITY:
        raise ValueError("must be a unit's key, such as H44.12.34")
    return text


def _day(text: str) -> str:
    moments.day_ordinal(text)
    return text


def _moment(text: str) -> str:
    moments.instant(text)
    return text


Line = Annotated[str, StringConstraints(max_length=LINE_MAX), AfterValidator(_line)]
Prose = Annotated[str, StringConstraints(max_length=TEXT_MAX), AfterValidator(_clean)]
Key = Annotated[str, StringConstraints(max_length=KEY_MAX), AfterValidator(_line)]
UnitKey = Annotated[
    str, StringConstraints(max_length=64), AfterValidator(_unit),
    Field(description="the unit's key", examples=["H44.2.1"]),
]  # fmt: skip
Day = Annotated[
    str, StringConstraints(max_length=10), AfterValidator(_day),
    Field(description="a day, which lasts until its end in Vietnam", examples=["2025-03-01"]),
]  # fmt: skip
Moment = Annotated[
    str, StringConstraints(max_length=40), AfterValidator(_moment),
    Field(description="RFC 3339 with an offset", examples=["2025-03-01T09:00:00+07:00"]),
]  # fmt: skip


class Asked(BaseModel):
    """The body of a command; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Evidence(Asked):
    """A document that stands behind a step: its name, digest and address."""

    document: Prose
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    url: Annotated[str, Field(pattern="^https?://", max_length=2000)] | None = None


class Listing(BaseModel):
    """The parameters of every list; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(50, ge=1, le=1000)
    cursor: str = Field("", max_length=300, pattern=NO_NUL, description="`next` of the page before")


class Act(Asked):
    """The body of a step that happens now, such as a correction of what is written down."""

    def instant(self, now: int) -> int:
        """When it happens, in microseconds."""
        return now

    def said(self) -> dict[str, Any]:
        """What the step says beside its instant, as JSON has it."""
        return self.model_dump(mode="json", exclude={"at"}, exclude_none=True)


class When(Act):
    """The body of a step: when it happened, where it was not just now."""

    at: Moment | None = None

    def instant(self, now: int) -> int:
        """When it happened, in microseconds; StepRefused ahead of time, and before 2000.

        A step that announces nothing is bound as those are that the contract would refuse.
        """
        if self.at is None:
            return now
        at = moments.instant(self.at)
        if at > now + AHEAD_MAX:
            raise StepRefused("`at` lies more than 5 minutes ahead.", "at")
        if at < EARLIEST:
            raise StepRefused("`at` lies before 2000.", "at")
        return at


class Why(When):
    """The body of a step that wants a reason."""

    reason: Prose
