"""What one service asks another over NATS: the subject, the question, and the answer.

Nothing rests on an answer: who gets none says so. No event travels here.
"""

from __future__ import annotations

from typing import Literal

import msgspec

RECEIPT_QUESTION = "danchu.query.receipt"
"""Where the door asks scoring what became of an event."""


class ReceiptQuestion(msgspec.Struct, frozen=True):
    """Which event is meant: its receipt in hexadecimal."""

    receipt: str


class ReceiptFate(msgspec.Struct, frozen=True):
    """What became of an event: `waiting` is not folded yet; the reason is None where it counts."""

    state: Literal["waiting", "counted", "not counted", "quarantined"]
    reason: str | None = None
    reason_vi: str | None = None
    reason_en: str | None = None
