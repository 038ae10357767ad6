"""Cursors of lists of events: where a page ended, as text of the URL alphabet."""

import base64
import binascii
from hashlib import sha256

import msgspec

from services.chassis.http.problems import Problem
from services.scoring.api.parameters import refusal
from services.scoring.messages import message
from services.scoring.queries.events import EventKey
from services.scoring.queries.unowned import Place
from services.scoring.ratings.history import CausePlace
from services.scoring.readmodel.appeals import AppealKey

MARK_BYTES = 4


def event_cursor(after: EventKey, year: int, unit: str) -> str:
    """The cursor of a page of the events of a unit's year."""
    place = after.time.to_bytes(8, signed=True) + after.identity
    return base64.urlsafe_b64encode(_mark("events", year, unit) + place).decode()


def event_place(cursor: str | None, year: int, unit: str) -> EventKey | None:
    """Where the next page of a unit's events begins; Problem 422 for a foreign cursor."""
    if cursor is None:
        return None
    place = _place(cursor, _mark("events", year, unit))
    if len(place) != 24:
        raise foreign_cursor()
    return EventKey(int.from_bytes(place[:8], signed=True), place[8:])


def cause_cursor(place: CausePlace, year: int, unit: str) -> str:
    """The cursor of a page of what moved the rating of a unit's year."""
    content = _mark("history", year, unit) + msgspec.msgpack.encode(place)
    return base64.urlsafe_b64encode(content).decode()


def cause_place(cursor: str | None, year: int, unit: str) -> CausePlace | None:
    """Where the next page of what moved a rating begins; Problem 422 for a foreign cursor."""
    if cursor is None:
        return None
    try:
        return msgspec.msgpack.decode(_place(cursor, _mark("history", year, unit)), type=CausePlace)
    except (ValueError, msgspec.MsgspecError):
        raise foreign_cursor() from None


def unowned_cursor(place: Place) -> str:
    """The cursor of a page of unowned events."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode()


def unowned_place(cursor: str | None) -> Place | None:
    """Where the next page of unowned events begins; Problem 422 for a foreign cursor."""
    if cursor is None:
        return None
    try:
        return msgspec.msgpack.decode(_bytes(cursor), type=Place)
    except (ValueError, msgspec.MsgspecError):
        raise foreign_cursor() from None


def appeal_cursor(after: AppealKey) -> str:
    """The cursor of a page of appeals."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(after)).decode()


def appeal_place(cursor: str | None) -> AppealKey | None:
    """Where the next page of appeals begins; Problem 422 for a foreign cursor."""
    if cursor is None:
        return None
    try:
        return msgspec.msgpack.decode(_bytes(cursor), type=AppealKey)
    except (ValueError, msgspec.MsgspecError):
        raise foreign_cursor() from None


def foreign_cursor() -> Problem:
    """Problem 422 for a cursor that this list has not issued."""
    return refusal([("cursor", message("cursor-wrong"))])


def _bytes(cursor: str) -> bytes:
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise foreign_cursor() from None


def _mark(name: str, year: int, unit: str) -> bytes:
    """Which list of which unit's year a cursor is of: its place means nothing in another one."""
    return sha256(f"{name} {year} {unit}".encode()).digest()[:MARK_BYTES]


def _place(cursor: str, mark: bytes) -> bytes:
    content = _bytes(cursor)
    if content[:MARK_BYTES] != mark:
        raise foreign_cursor()
    return content[MARK_BYTES:]
