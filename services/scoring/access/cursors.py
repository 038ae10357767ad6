"""The questions to which the cursors of scoring belong, and their places."""

from services.chassis.http.cursors import decode_cursor, encode_cursor, question_mark
from services.scoring.queries.events import EventKey
from services.scoring.queries.quarantine import EntryPlace
from services.scoring.queries.unowned import Place
from services.scoring.ratings.history import CausePlace
from services.scoring.readmodel.appeals import AppealKey
from services.scoring.readmodel.moment import NOW, Moment

_UNOWNED = question_mark("unowned")


def event_cursor(after: EventKey, year: int, unit: str, moment: Moment = NOW) -> str:
    """The cursor of a page of the events of a unit's year."""
    return encode_cursor(after, question_mark("events", year, unit, *moment))


def event_place(cursor: str | None, year: int, unit: str, moment: Moment = NOW) -> EventKey | None:
    """Where the next page of a unit's events begins; Problem 422 for a foreign cursor."""
    return decode_cursor(cursor, EventKey, question_mark("events", year, unit, *moment))


def cause_cursor(place: CausePlace, year: int, unit: str) -> str:
    """The cursor of a page of what moved the rating of a unit's year."""
    return encode_cursor(place, question_mark("history", year, unit))


def cause_place(cursor: str | None, year: int, unit: str) -> CausePlace | None:
    """Where the next page of what moved a rating begins; Problem 422 for a foreign cursor."""
    return decode_cursor(cursor, CausePlace, question_mark("history", year, unit))


def unowned_cursor(place: Place) -> str:
    """The cursor of a page of unowned events."""
    return encode_cursor(place, _UNOWNED)


def unowned_place(cursor: str | None) -> Place | None:
    """Where the next page of unowned events begins; Problem 422 for a foreign cursor."""
    return decode_cursor(cursor, Place, _UNOWNED)


def appeal_cursor(after: AppealKey, year: int, state: str | None) -> str:
    """The cursor of a page of the appeals of a year, all or those of one state."""
    return encode_cursor(after, question_mark("appeals", year, state))


def appeal_place(cursor: str | None, year: int, state: str | None) -> AppealKey | None:
    """Where the next page of appeals begins; Problem 422 for a foreign cursor."""
    return decode_cursor(cursor, AppealKey, question_mark("appeals", year, state))


def quarantine_cursor(after: EntryPlace, state: str, reason: str | None) -> str:
    """The cursor of a page of the quarantine, of one state, and one reason or all."""
    return encode_cursor(after, question_mark("quarantine", state, reason))


def quarantine_place(cursor: str | None, state: str, reason: str | None) -> EntryPlace | None:
    """Where the next page of the quarantine begins; Problem 422 for a foreign cursor."""
    return decode_cursor(cursor, EntryPlace, question_mark("quarantine", state, reason))
