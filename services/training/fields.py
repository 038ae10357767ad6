"""The fields of persons, sessions and hours, as commands and lists check them. Pure."""

import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from services.records.request_bodies import IDENTITY_DIGITS, RECORD_ID, Line, pattern_validator
from services.training.domain.attendance import plain
from services.training.messages import message

COURSE_ID, MEMBER_ID = f"course-{RECORD_ID}", f"member-{RECORD_ID}"
PERSON_ID, SESSION_NAME = "[0-9a-f]{64}", "s[0-9]{1,6}"
DECIMAL = r"[0-9]{1,9}(\.[0-9]{1,4})?"
HOURS_BELOW = 10**9
"""The first number of hours that has more digits than `DECIMAL`."""


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


def _text_of(value: Any) -> Any:
    """An integer as a decimal string; anything else as it is."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _hours(text: str) -> str:
    if not re.fullmatch(DECIMAL, text, re.ASCII):
        raise ValueError(message("hours-any", below=HOURS_BELOW))
    return plain(Decimal(text))


def _some_hours(text: str) -> str:
    if not re.fullmatch(DECIMAL, text, re.ASCII) or not Decimal(text):
        raise ValueError(message("hours-some", below=HOURS_BELOW))
    return plain(Decimal(text))


def _session(value: Any) -> Any:
    """The name of a session, also where a client counts: 1 and "1" are s1."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str) and re.fullmatch(r"[0-9]{1,6}", text, re.ASCII):
        text = f"s{int(text)}"
    return text


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
_HOURS = Field(examples=["7.5"], json_schema_extra={"pattern": f"^{DECIMAL}$"})
Hours = Annotated[str, BeforeValidator(_text_of), AfterValidator(_hours), _HOURS]
SomeHours = Annotated[str, BeforeValidator(_text_of), AfterValidator(_some_hours), _HOURS]
"""Hours that are more than 0."""
SessionName = Annotated[
    str, BeforeValidator(_session),
    AfterValidator(pattern_validator(SESSION_NAME, message("session-form"))),
    Field(
        description="as the course names it: s1, s2, …; the number alone is taken too",
        examples=["s1"], json_schema_extra={"pattern": f"^{SESSION_NAME}$"},
    ),
]  # fmt: skip
