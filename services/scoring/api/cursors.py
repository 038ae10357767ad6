"""Cursors of lists of events: where a page ended, as text of the URL alphabet."""

import base64
import binascii
from hashlib import sha256
from typing import TypeVar

import msgspec

from services.chassis.http.problems import Problem
from services.scoring.api.parameters import refusal
from services.scoring.messages import message
from services.scoring.queries.events import EventKey
from services.scoring.queries.unowned import Place
from services.scoring.ratings.history import CausePlace
from services.scoring.readmodel.appeals import AppealKey

MARK_BYTES = 4
P = TypeVar("P")


def event_cursor(after: EventKey, year: int, unit: str) -> str:
    """The cursor of a page of the events of a unit's year."""
    place = after.time.to_bytes(8, signed=True) + after.identity
    return _text(_mark("events", year, unit) + place)


def event_place(cursor: str | None, year: int, unit: str) -> EventKey | None:
    """Where the next page of a unit's events begins; Problem 422 for a foreign cursor."""
    if cursor is None:
        return None
    place = _content(cursor, _mark("events", year, unit))
    if len(place) != 24:
        raise foreign_cursor()
    return EventKey(int.from_bytes(place[:8], signed=True), place[8:])


def cause_cursor(place: CausePlace, year: int, unit: str) -> str:
    """The cursor of a page of what moved the rating of a unit's year."""
    return _text(_mark("history", year, unit) + msgspec.msgpack.encode(place))


def cause_place(cursor: str | None, year: int, unit: str) -> CausePlace | None:
    """Where the next page of what moved a rating begins; Problem 422 for a foreign cursor."""
    return _place(cursor, CausePlace, _mark("history", year, unit))


def unowned_cursor(place: Place) -> str:
    """The cursor of a page of unowned events."""
    return _text(msgspec.msgpack.encode(place))


def unowned_place(cursor: str | None) -> Place | None:
    """Where the next page of unowned events begins; Problem 422 for a foreign cursor."""
    return _place(cursor, Place)


def appeal_cursor(after: AppealKey) -> str:
    """The cursor of a page of appeals."""
    return _text(msgspec.msgpack.encode(after))


def appeal_place(cursor: str | None) -> AppealKey | None:
    """Where the next page of appeals begins; Problem 422 for a foreign cursor."""
    return _place(cursor, AppealKey)


def foreign_cursor() -> Problem:
    """Problem 422 for a cursor that this list has not issued."""
    return refusal([("cursor", message("cursor-wrong"))])


def _mark(name: str, year: int, unit: str) -> bytes:
    """Which list of which unit's year a cursor is of: its place means nothing in another one."""
    return sha256(f"{name} {year} {unit}".encode()).digest()[:MARK_BYTES]


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()


def _place(cursor: str | None, type_: type[P], mark: bytes = b"") -> P | None:
    """The place that a cursor of this mark has; Problem 422 for any other."""
    if cursor is None:
        return None
    try:
        return msgspec.msgpack.decode(_content(cursor, mark), type=type_)
    except (ValueError, msgspec.MsgspecError):
        raise foreign_cursor() from None


def _content(cursor: str, mark: bytes) -> bytes:
    try:
        content = base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise foreign_cursor() from None
    if not content.startswith(mark):
        raise foreign_cursor()
    return content.removeprefix(mark)
