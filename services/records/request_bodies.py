"""Field types of request bodies: texts, keys, days and times, each with its limits.

Texts are normalised to NFC and have no control characters, so that every database and every event
accepts them.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)

from contracts import moments
from contracts.envelope import CITY, UNIT_KEY
from contracts.messages import Message
from contracts.names import names_number
from services.chassis.http.validation import Integer
from services.chassis.messages import message as chassis_message
from services.records.messages import message
from services.records.state_machine import Step

LINE_MAX, TEXT_MAX, KEY_MAX = 200, 2000, 128
DAY_LENGTH = len("2025-03-01")
IDENTITY_DIGITS = (9, 12)
RECORD_ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
NO_NUL = r"^[^\x00]*$"
"""PostgreSQL does not store NUL in a text."""


def _clean(text: str) -> str:
    """The text in NFC, stripped; ValueError if it is empty or has control characters."""
    whole = unicodedata.normalize("NFC", text).strip()
    if not whole:
        raise ValueError(message("text-empty"))
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in whole):
        raise ValueError(message("text-control"))
    return whole


def _line(text: str) -> str:
    whole = _clean(text)
    if not whole.isprintable():
        raise ValueError(message("text-line"))
    return whole


def _unit(text: str) -> str:
    if not UNIT_KEY.fullmatch(text) or text == CITY:
        raise ValueError(message("unit-form"))
    return text


def _opaque(text: str) -> str:
    if not text.isascii() or any(c.isspace() for c in text) or not any(c.isdigit() for c in text):
        raise ValueError(message("opaque-form"))
    if names_number(text):
        raise ValueError(message("opaque-identity"))
    return text


def _day(text: str) -> str:
    try:
        return moments.bounded_day(text)
    except ValueError:
        first, last = moments.FIRST_DAY, moments.LAST_DAY
        raise ValueError(message("day-form", first=first, last=last)) from None


def _moment(text: str) -> str:
    try:
        moments.instant(text)
    except ValueError:
        raise ValueError(chassis_message("field-time")) from None
    return text


def _moment_or_day(text: str) -> str:
    try:
        return _day(text) if len(text) == DAY_LENGTH else _moment(text)
    except ValueError:
        raise ValueError(message("moment-or-day")) from None


def pattern_validator(pattern: str, form: Message) -> Callable[[str], str]:
    """A validator for a pattern, whose error message describes the form in words."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(form)
        return text

    return check


Line = Annotated[str, StringConstraints(max_length=LINE_MAX), AfterValidator(_line)]
Prose = Annotated[str, StringConstraints(max_length=TEXT_MAX), AfterValidator(_clean)]
Key = Annotated[str, StringConstraints(max_length=KEY_MAX), AfterValidator(_line)]
Opaque = Annotated[
    Key, AfterValidator(_opaque),
    Field(description="an opaque reference, which names nobody", examples=["cb-0417"]),
]  # fmt: skip
UnitKey = Annotated[
    str, AfterValidator(_unit),
    Field(
        description="the unit's key", examples=["H44.2.1"], json_schema_extra={"maxLength": 64},
    ),
]  # fmt: skip
Day = Annotated[
    str, AfterValidator(_day),
    Field(
        description="a day, which lasts until its end in Vietnam", examples=["2025-03-01"],
        json_schema_extra={"format": "date", "maxLength": 10},
    ),
]  # fmt: skip
Moment = Annotated[
    str, AfterValidator(_moment),
    Field(
        description="RFC 3339 with an offset", examples=["2025-03-01T09:00:00+07:00"],
        json_schema_extra={"maxLength": 40},
    ),
]  # fmt: skip


MomentOrDay = Annotated[
    str, AfterValidator(_moment_or_day),
    Field(
        description="a day in Vietnam, or RFC 3339 with an offset",
        examples=["2025-03-01", "2025-03-01T09:00:00+07:00"], json_schema_extra={"maxLength": 40},
    ),
]  # fmt: skip
SHA256, URL = "[0-9a-f]{64}", r"https?://\S{1,1990}"
Sha256 = Annotated[
    str, AfterValidator(pattern_validator(SHA256, message("sha256-form"))),
    Field(json_schema_extra={"pattern": f"^{SHA256}$"}),
]  # fmt: skip
Url = Annotated[
    str, AfterValidator(pattern_validator(URL, message("url-form"))),
    Field(json_schema_extra={"pattern": f"^{URL}$"}),
]  # fmt: skip
Year = Annotated[Integer, Field(ge=2000, le=9999, description="a rating year")]


class CommandBody(BaseModel):
    """The body of a command; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Evidence(CommandBody):
    """A document that stands behind a step: its name, digest and address."""

    document: Prose
    sha256: Sha256 | None = None
    url: Url | None = None


class Listing(BaseModel):
    """The query parameters of every list; unknown ones are refused.

    `places` is the pattern of its cursors, by default the id of a record.
    """

    model_config = ConfigDict(extra="forbid")
    places: ClassVar[str] = RECORD_ID
    limit: Integer = Field(50, ge=1, le=1000)
    cursor: str = Field("", max_length=300, description="`next` of the page before")

    @field_validator("cursor")
    @classmethod
    def _check_cursor(cls, text: str) -> str:
        if text and not re.fullmatch(cls.places, text, re.ASCII):
            raise ValueError(message("cursor-unknown"))
        return text


class Act(CommandBody):
    """The body of a step that happens now, such as a correction of what is written down."""

    def instant(self, now: int) -> int:
        """The time of the step, in microseconds."""
        return now

    def data(self) -> dict[str, Any]:
        """The data of the step without its time, in JSON types."""
        return self.model_dump(mode="json", exclude={"at"}, exclude_none=True)

    def step(self, name: str, now: int) -> Step:
        """The step of this name with the data of the body."""
        return Step(name, self.instant(now), self.data())


class When(Act):
    """The body of a step: when it happened, where it was not just now.

    A day without a time means that the day alone is known; it begins at 00:00+07:00.
    """

    at: MomentOrDay | None = None

    def instant(self, now: int) -> int:
        """The time of the step, in microseconds; now if none was sent."""
        if self.at is None:
            return now
        return moments.day_start(self.at) if _is_day(self.at) else moments.instant(self.at)

    def step(self, name: str, now: int) -> Step:
        """The step of this name with the data of the body."""
        day = self.at is not None and _is_day(self.at)
        return super().step(name, now)._replace(day=day)


def _is_day(text: str) -> bool:
    return len(text) == DAY_LENGTH


class Why(When):
    """The body of a step that wants a reason."""

    reason: Prose
