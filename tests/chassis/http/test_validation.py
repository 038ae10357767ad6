"""What is wrong with a field is told in both languages, and never in the validator's words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from contracts.messages import Message
from services.chassis.http.validation import FAULTS_MAX, field_faults
from services.records.request_bodies import Day, Evidence, Moment, Opaque, UnitKey


def _refuses(text: str) -> str:
    raise ValueError(Message("x.y", "sai", "wrong"))


def _plainly(text: str) -> str:
    raise ValueError("words of a library")


class Body(BaseModel):
    """A field of every kind."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(min_length=2, max_length=3)] = "abc"
    number: int = Field(1, ge=1, le=9)
    more: int = Field(1, gt=0, lt=10)
    level: Literal["city", "nation"] = "city"
    rows: list[int] = Field([1], min_length=1, max_length=2)
    flag: bool = True
    day: Day = "2025-03-01"
    moment: Moment = "2025-03-01T09:00:00+07:00"
    unit: UnitKey = "H44"
    form: Annotated[str, Field(pattern="^a+$")] = "a"
    ours: Annotated[str, AfterValidator(_refuses)] | None = None
    theirs: Annotated[str, AfterValidator(lambda text: str(len(text.encode("ascii"))))] = "a"
    plain: Annotated[str, AfterValidator(_plainly)] | None = None
    person: Opaque = "cb-1"
    evidence: Evidence | None = None
    ratio: float = 0.5


def messages_of(body: Any) -> dict[str, str]:
    """The messages for a body, by field."""
    with pytest.raises(ValidationError) as refusal:
        Body.model_validate(body)
    errors = [{**error, "loc": ("body", *error["loc"])} for error in refusal.value.errors()]
    return dict(field_faults(errors))


WRONG: dict[str, tuple[str, Any, str]] = {
    "too short": ("text", "a", "has at least 2 characters"),
    "too long": ("text", "abcd", "has at most 3 characters"),
    "no text": ("text", 3, "must be a text"),
    "no integer": ("number", "x", "must be an integer"),
    "a fraction": ("number", 1.5, "must be an integer"),
    "too little": ("number", 0, "must be at least 1"),
    "too much": ("number", 10, "must be at most 9"),
    "not above": ("more", 0, "must be more than 0"),
    "not below": ("more", 10, "must be less than 10"),
    "not of the list": ("level", "village", "must be one of city, nation"),
    "too many": ("rows", [1, 2, 3], "has at most 2 entries"),
    "too few": ("rows", [], "has at least 1 entry"),
    "no list": ("rows", 1, "must be a list"),
    "no boolean": ("flag", "maybe", "must be true or false"),
    "no day": ("day", "2025-02-30", "such as 2025-03-01"),
    "no time": ("moment", "2025-03-01", "must be a time with an offset"),
    "no unit": ("unit", "xã Hy Cương", "must be a unit key"),
    "no form": ("form", "b", "must have the form ^a+$"),
    "our own": ("ours", "a", "wrong"),
    "a library's": ("theirs", "đ", "does not have the right form"),
    "a library's plain words": ("plain", "a", "does not have the right form"),
    "an identity number": ("person", "CCCD-025199001234", "not an identity number"),
    "a name": ("person", "Nguyen Van A", "never write a name"),
    "unknown": ("unknown", 1, "there is no field or parameter of this name"),
    "no object": ("evidence", 1, "must be a JSON object"),
    "no number": ("ratio", "x", "must be a number"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_each_kind_of_fault_is_told_in_both_languages(kind: str) -> None:
    """By field, with the form that is wanted, from the catalogue."""
    field, value, english = WRONG[kind]
    (message,) = [
        sentence for name, sentence in messages_of({field: value}).items() if name == field
    ]
    assert isinstance(message, Message)
    assert english in message.en and message.vi != message.en


def test_a_body_that_is_no_object_and_fields_within_fields_are_named() -> None:
    """A path of names; the whole body has none."""
    assert list(messages_of([1])) == [""]
    assert list(messages_of({"evidence": {"sha256": "x"}})) == [
        "evidence.document",
        "evidence.sha256",
    ]


def test_not_more_than_twenty_faults_are_told() -> None:
    """A body of a thousand unknown fields does not have an answer of a thousand faults."""
    assert len(messages_of({f"unknown{i}": 1 for i in range(1000)})) == FAULTS_MAX
