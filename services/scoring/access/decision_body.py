"""The body of a decision on the stage of a year: its number, its date and its reason."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from contracts import moments
from contracts.data import DATE_FORM, FORMS, KEY_FORM, KEY_MAX
from contracts.faults import must_be
from contracts.names import key_faults
from contracts.texts import MARKS_MAX, has_excess_marks, normalise
from services.scoring.messages import message
from services.scoring.sealing.commands import StageOrder

REASON_MAX = 2000


def _number(text: str) -> str:
    number: str = normalise(text).strip()
    if not 1 <= len(number) <= KEY_MAX:
        raise ValueError(must_be(FORMS[KEY_FORM]))
    for fault in key_faults(number, person=False):
        raise ValueError(fault)
    return number


def _day(text: str) -> str:
    try:
        return moments.bounded_day(text)
    except ValueError:
        raise ValueError(must_be(FORMS[DATE_FORM])) from None


def _reason(text: str) -> str:
    reason: str = normalise(text).strip()
    if not 1 <= len(reason) <= REASON_MAX or any(map(_is_control, reason)):
        raise ValueError(message("reason-form", most=REASON_MAX))
    if has_excess_marks(reason):
        raise ValueError(message("reason-marks", most=MARKS_MAX))
    return reason


def _is_control(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cs")


Reason = Annotated[
    str, AfterValidator(_reason),
    Field(
        description="why; it is kept for ever, and names no person",
        json_schema_extra={"minLength": 1, "maxLength": REASON_MAX},
    ),
]  # fmt: skip


class DecisionBody(BaseModel):
    """A decision on paper; other fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    decision: Annotated[
        str, AfterValidator(_number),
        Field(
            description="the number of the decision, used once a year", examples=["15/QĐ-HĐND"],
            json_schema_extra={"minLength": 1, "maxLength": KEY_MAX},
        ),
    ]  # fmt: skip
    date: Annotated[
        str, AfterValidator(_day),
        Field(
            description="the date of the decision", examples=["2026-01-15"],
            json_schema_extra={"format": "date", "minLength": 10, "maxLength": 10},
        ),
    ]  # fmt: skip
    reason: Reason

    def order(self, by: str) -> StageOrder:
        """The decision as `by` entered it."""
        return StageOrder(self.decision, self.date, self.reason, by)
