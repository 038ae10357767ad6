"""Encodes the answer of both doors: receipts in order, or a problem for a single event."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from contracts.door import BodyRefused
from services.chassis.http.problems import FieldError, Problem, error_members
from services.intake.domain import EventReceipt
from services.intake.messages import message

ERRORS_MAX = (20, 3, 1)
"""The most errors per event: the usual limit, then those for an answer that is too long."""


def body_problem(refused: BodyRefused) -> Problem:
    """The problem details of a body that is refused as a whole."""
    return Problem(refused.status, refused.detail)


def encode_receipts(
    receipts: Sequence[EventReceipt], single: bool, room: int | None = None
) -> bytes:
    """The receipts as JSON; Problem 422 or 409 for a single event that is not accepted.

    If the answer would not fit into `room` bytes, each event has fewer errors, at last none. The
    lengths are computed, so that an answer of many megabytes is encoded only once.
    """
    if single and receipts[0].status in ("refused", "conflict"):
        raise _problem(receipts[0])
    parts = [_encoded(receipt) for receipt in receipts]
    errors_max = ERRORS_MAX[0]
    if room is not None:
        fitting = (most for most in ERRORS_MAX if _length(parts, most) <= room)
        errors_max = next(fitting, 0)
    return b'{"receipts":[' + b",".join(part.whole(errors_max) for part in parts) + b"]}"


class _Encoded(NamedTuple):
    """A receipt as JSON without its closing brace, and its errors, each as JSON."""

    head: bytes
    errors: Sequence[bytes]

    def whole(self, errors_max: int) -> bytes:
        if not self.errors:
            return self.head + b"}"
        return self.head + b',"errors":[' + b",".join(self.errors[:errors_max]) + b"]}"

    def length(self, errors_max: int) -> int:
        """The length of `whole` in bytes."""
        if not self.errors:
            return len(self.head) + 1
        errors = self.errors[:errors_max]
        # 13 bytes of `,"errors":[` and `]}`, and the commas between the errors
        return len(self.head) + 13 + sum(map(len, errors)) + max(0, len(errors) - 1)


def _length(parts: Sequence[_Encoded], errors_max: int) -> int:
    """The length of the answer in bytes with at most `errors_max` errors per event."""
    # 15 bytes of `{"receipts":[` and `]}`, and one comma fewer than there are receipts
    return 14 + len(parts) + sum(part.length(errors_max) for part in parts)


def _encoded(receipt: EventReceipt) -> _Encoded:
    members = {"id": receipt.id, "source": receipt.source, "status": receipt.status}
    if receipt.receipt is not None:
        members["receipt"] = receipt.receipt
    errors = [msgspec.json.encode(error_members(error)) for error in _errors(receipt)]
    return _Encoded(msgspec.json.encode(members)[:-1], errors[: ERRORS_MAX[0]])


def _errors(receipt: EventReceipt) -> list[FieldError]:
    return [{"field": fault.field, "message": fault.message} for fault in receipt.faults]


def _problem(receipt: EventReceipt) -> Problem:
    if receipt.status == "conflict":
        status, detail = 409, message("single-conflict")
    else:
        status, detail = 422, message("single-refused")
    extra = {"id": receipt.id, "source": receipt.source}
    return Problem(status, detail, _errors(receipt), extra=extra)
