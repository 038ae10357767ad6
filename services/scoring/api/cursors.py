"""Cursors of lists of events: where a page ended, as text of the URL alphabet."""

import base64
import binascii

import msgspec

from services.chassis.http.problems import Problem
from services.scoring.api.parameters import refusal
from services.scoring.messages import message
from services.scoring.queries.events import EventKey
from services.scoring.queries.unowned import Place
from services.scoring.ratings.history import CausePlace
from services.scoring.readmodel.appeals import AppealKey


def event_cursor(after: EventKey) -> str:
    """The cursor of a page of a unit's events."""
    place = after.time.to_bytes(8, signed=True) + after.identity
    return base64.urlsafe_b64encode(place).decode()


def event_place(cursor: str | None) -> EventKey | None:
    """Where the next page of a unit's events begins; Problem 422 for a foreign cursor."""
    if cursor is None:
        return None
    place = _bytes(cursor)
    if len(place) != 24:
        raise foreign_cursor()
    return EventKey(int.from_bytes(place[:8], signed=True), place[8:])


def cause_cursor(place: CausePlace) -> str:
    """The cursor of a page of what moved a rating."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode()


def cause_place(cursor: str | None) -> CausePlace | None:
    """Where the next page of what moved a rating begins; Problem 422 for a foreign cursor."""
    if cursor is None:
        return None
    try:
        return msgspec.msgpack.decode(_bytes(cursor), type=CausePlace)
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
