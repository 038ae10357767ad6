"""A request over NATS by which scoring has the door take a repaired event.

The person who repairs signed in at scoring, and the door decides whether this person may: the
request carries a voucher, sealed with the keys of sessions for this event alone.
"""

from __future__ import annotations

from typing import Literal

import msgspec

REPAIR_SUBJECT = "danchu.doors.intake.repair"
"""The subject on which the door hears repairs; NATS lets scoring alone publish to it."""
VOUCHER_PURPOSE = b"danchu repair 1"


class RepairRequest(msgspec.Struct, frozen=True):
    """The event as JSON, and the voucher of the person who sends it."""

    event: str
    voucher: str


class RepairFault(msgspec.Struct, frozen=True):
    """What is wrong with a field of the event, or with the whole where the field is empty."""

    field: str
    vi: str
    en: str


class RepairAnswer(msgspec.Struct, frozen=True):
    """The receipt of the event in hexadecimal, once it is committed; None if it is refused."""

    status: Literal["accepted", "duplicate", "conflict", "refused"]
    receipt: str | None = None
    faults: tuple[RepairFault, ...] = ()
