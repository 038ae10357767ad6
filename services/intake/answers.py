"""The answer of both doors as JSON: receipts in order, or problem details for a single event."""

from collections.abc import Sequence
from typing import Any

import msgspec

from contracts.door import BodyRefused
from services.chassis.problems import FieldError, Problem, error_members
from services.intake.domain import Receipt
from services.intake.messages import message


def refused_body(refused: BodyRefused) -> Problem:
    """The problem of a body that is refused whole."""
    return Problem(refused.status, refused.detail)


def answered(found: Sequence[Receipt], single: bool, errors_max: int = 20) -> bytes:
    """The receipts as JSON; Problem 422 or 409 for a single event that was not taken.

    `errors_max` bounds the errors of each event where the answer has to be small.
    """
    if single and found[0].status in ("refused", "conflict"):
        raise _problem(found[0])
    return msgspec.json.encode({"receipts": [_shown(one, errors_max) for one in found]})


def _shown(one: Receipt, errors_max: int) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": one.id, "source": one.source, "status": one.status}
    if one.receipt is not None:
        shown["receipt"] = one.receipt
    if one.faults:
        shown["errors"] = [error_members(error) for error in _errors(one)[:errors_max]]
    return shown


def _errors(one: Receipt) -> list[FieldError]:
    return [{"field": fault.field, "message": fault.message} for fault in one.faults]


def _problem(one: Receipt) -> Problem:
    if one.status == "conflict":
        status, detail = 409, message("single-conflict")
    else:
        status, detail = 422, message("single-refused")
    extra = {"id": one.id, "source": one.source}
    return Problem(status, detail, _errors(one), extra=extra)
