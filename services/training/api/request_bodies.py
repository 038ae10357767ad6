"""The bodies of commands and the parameters of queries of training."""

import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from services.records.request_bodies import (
    IDENTITY_DIGITS,
    RECORD_ID,
    Act,
    Asked,
    Day,
    Line,
    Listing,
    Moment,
    Prose,
    UnitKey,
    When,
    shaped,
)
from services.training.domain.attendance import Test, plain
from services.training.domain.course import Topic
from services.training.domain.roster import Role
from services.training.messages import message

ROWS_MAX = 1000


def _number(text: str) -> str:
    """The staff number in capitals; ValueError for an identity number, also with dots in it."""
    whole = unicodedata.normalize("NFKC", text).strip().upper()
    _refuse_identity(whole)
    if not re.fullmatch(r"[A-Z0-9][A-Z0-9./_-]*", whole, re.ASCII):
        raise ValueError(message("number-form"))
    return whole


def _refuse_identity(text: str) -> None:
    """ValueError for the number of an identity card, also with marks in it or a word before it."""
    whole = re.sub(r"^(CCCD|CMND|CMT|CC|ID)\b[\s.:/_-]*", "", text.upper())
    digits = re.sub(r"[\s./_-]", "", whole)
    if digits.isdecimal() and len(digits) in IDENTITY_DIGITS:
        raise ValueError(message("number-identity"))


def _key(text: str) -> str:
    _refuse_identity(text)
    if not re.fullmatch(PERSON_ID, text, re.ASCII):
        raise ValueError(message("person-form"))
    return text


def _name(text: str) -> str:
    if not text[0].isalpha() or any(c.isdecimal() for c in text):
        raise ValueError(message("name-form"))
    return text


def _text_of(given: Any) -> Any:
    """An integer as a decimal string; anything else as it is."""
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


def _some(text: str) -> str:
    if not Decimal(text):
        raise ValueError(message("hours-zero"))
    return text


def _decimal(text: str) -> str:
    if not re.fullmatch(DECIMAL, text, re.ASCII):
        raise ValueError(message("hours-decimal"))
    return plain(Decimal(text))


def _session(given: Any) -> Any:
    """The name of a session, also where a client counts: 1 and "1" are s1."""
    text = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    if isinstance(text, str) and re.fullmatch(r"[0-9]{1,6}", text, re.ASCII):
        text = f"s{int(text)}"
    return text


Format = Literal["json", "csv", "xlsx"]
COURSE_ID, MEMBER_ID = f"course-{RECORD_ID}", f"member-{RECORD_ID}"
PERSON_ID, SESSION_NAME = "[0-9a-f]{64}", "s[0-9]{1,6}"
DECIMAL = r"[0-9]{1,9}(\.[0-9]{1,4})?"
StaffNumber = Annotated[
    str, StringConstraints(min_length=1, max_length=40), AfterValidator(_number),
    Field(description="the department's staff number", examples=["CB-0102"]),
]  # fmt: skip
Name = Annotated[Line, AfterValidator(_name), Field(description="the display name")]
PersonKey = Annotated[
    str, AfterValidator(_key),
    Field(
        description="the key by which a person is known outside",
        json_schema_extra={"pattern": f"^{PERSON_ID}$"},
    ),
]  # fmt: skip
Hours = Annotated[
    str, BeforeValidator(_text_of), AfterValidator(_decimal),
    Field(examples=["7.5"], json_schema_extra={"pattern": f"^{DECIMAL}$"}),
]  # fmt: skip
SomeHours = Annotated[Hours, AfterValidator(_some)]
SessionName = Annotated[
    str, BeforeValidator(_session), AfterValidator(shaped(SESSION_NAME, message("session-form"))),
    Field(
        description="as the course names it: s1, s2, …; the number alone is taken too",
        examples=["s1"], json_schema_extra={"pattern": f"^{SESSION_NAME}$"},
    ),
]  # fmt: skip


class Assign(When):
    """A person comes on the roster of a unit, by key or by staff number and name."""

    unit: UnitKey
    role: Role
    person: PersonKey | None = None
    number: StaffNumber | None = None
    name: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.person is None) == (self.number is None):
            raise ValueError(message("person-or-number"))
        if self.person is not None and self.name is not None:
            raise ValueError(message("name-with-number"))
        return self


class Transfer(When):
    """The unit that goes on with it from `at` on, as after a merger."""

    unit: UnitKey


class Succeed(Transfer):
    """A unit goes on in another, with everybody on its roster and what it still plans."""

    predecessor: UnitKey


class Rename(Asked):
    """The display name of a person."""

    name: Name


class Plan(When):
    """A course of a unit's yearly plan, and the rule by which a person completes it."""

    unit: UnitKey
    title: Line
    topic: Topic
    hours: SomeHours
    provider: Line | None = None
    clause: Line | None = Field(None, description="the clause that asks for it")
    due: Day | None = None
    year: Annotated[int, Field(ge=2000, le=9999)] | None = Field(
        None, description="the year of the plan, where it is not the year of `at`"
    )
    hours_min: Hours | None = Field(None, description="to attend at least; all hours without it")
    test: bool = Field(False, description="whether a test has to be passed")


class Revise(Act):
    """What is planned otherwise than before."""

    title: Line | None = None
    topic: Topic | None = None
    hours: SomeHours | None = None
    provider: Line | None = None
    clause: Line | None = None
    due: Day | None = None
    hours_min: Hours | None = None
    test: bool | None = None


class Schedule(Act):
    """A session of the course."""

    starts: Moment
    place: Line
    hours: SomeHours


class MoveSession(Act):
    """A session at another time or place."""

    session: SessionName
    starts: Moment | None = None
    place: Line | None = None
    hours: SomeHours | None = None


class DropSession(Act):
    """A session does not take place."""

    session: SessionName


class Attended(Asked):
    """What one person did in a session."""

    person: PersonKey | None = None
    number: StaffNumber | None = None
    hours: Hours
    test: Test | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.person is None) == (self.number is None):
            raise ValueError(message("person-or-number"))
        return self


class Attend(Act):
    """The attendance of a session, or some of it; a person's later row takes the place of one."""

    session: SessionName
    rows: list[Attended] = Field(min_length=1, max_length=ROWS_MAX)


class Strike(Act):
    """Persons who were not in a session after all."""

    session: SessionName
    persons: list[PersonKey] = Field(min_length=1, max_length=ROWS_MAX)


class Cancel(When):
    """The course leaves the plan."""

    reason: Prose


class OnDay(Listing):
    """Whose names: at the end of a day, today without it; a file has all of them."""

    places = MEMBER_ID
    date: Day | None = None
    role: Role | None = None
    format: Format = "json"


class Template(BaseModel):
    """Which list to fill in: with the roster of a unit at the end of a day, or an empty one."""

    model_config = ConfigDict(extra="forbid")
    format: Format = "xlsx"
    unit: UnitKey | None = None
    date: Day | None = None
