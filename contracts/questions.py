"""Requests over NATS that ask scoring: the subject, the request, and the answer.

No stored state depends on an answer, and the caller handles a missing answer. No events are sent
this way.
"""

from __future__ import annotations

from typing import Literal

import msgspec

RECEIPT_QUESTION = "danchu.query.receipt"
"""The subject on which the intake asks scoring for the state of an event."""
RATING_QUESTION = "danchu.query.rating"
"""The subject on which readers ask scoring for a rating, for every unit. What an account may ask of
single units alone is mapped to `danchu.query.rating.<unit>[.<unit>…]` where it is imported, with -
for . in a key."""


NAMES_QUESTION = "danchu.query.unit-names"
"""The subject on which a system of record asks scoring what units are called."""


class ReceiptQuestion(msgspec.Struct, frozen=True):
    """The event, by its receipt in hexadecimal."""

    receipt: str


class RatingQuestion(msgspec.Struct, frozen=True):
    """The rating of a unit, by its key or a code: of now, as of an instant, or of a version."""

    year: int
    unit: str
    as_of: str | None = None
    version: int | None = None


class NamesQuestion(msgspec.Struct, frozen=True):
    """What the units are called whose keys come after this one."""

    after: str = ""


class NamedUnit(msgspec.Struct, frozen=True, omit_defaults=True):
    """The name of a unit now, and those to come, from which microsecond on; its further codes."""

    unit: str
    name: str
    coming: tuple[tuple[int, str], ...] = ()
    codes: tuple[str, ...] = ()


class NamesAnswer(msgspec.Struct, frozen=True):
    """Units by their keys; `more`: others come after the last."""

    units: tuple[NamedUnit, ...]
    more: bool


class ReceiptFate(msgspec.Struct, frozen=True):
    """The state of an event: `waiting` is not folded yet; `reason` is None if it is counted."""

    state: Literal["waiting", "counted", "not counted", "quarantined"]
    reason: str | None = None
    reason_vi: str | None = None
    reason_en: str | None = None
