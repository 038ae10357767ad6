"""The columns of the exported lists of training, and their rows as values of a spreadsheet. Pure.

The export writes days and instants in the Vietnamese form, and numbers with a decimal comma.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from contracts import moments
from services.training.messages import message

COURSES = {
    "id": message("column-course"), "unit": message("column-unit"),
    "origin": message("column-origin"), "year": message("column-year"),
    "title": message("column-title"), "topic": message("column-topic"),
    "due": message("column-due"), "stage": message("column-stage"),
}  # fmt: skip
SESSIONS = {
    "course": message("column-course"), "session": message("column-session"),
    "unit": message("column-unit"), "title": message("column-title"),
    "topic": message("column-topic"), "starts": message("column-starts"),
    "place": message("column-place"), "hours": message("column-hours"),
    "attended": message("column-attended"),
}  # fmt: skip
COVERAGE = {
    "unit": message("column-unit"), "obliged": message("column-obliged"),
    "trained": message("column-trained"), "share": message("column-share"),
    "year": message("column-year"), "topic": message("column-topic"),
}  # fmt: skip
MISSING = {
    "person": message("column-person"), "role": message("column-role"),
    "unit": message("column-unit"), "year": message("column-year"),
    "topic": message("column-topic"),
}  # fmt: skip
MISSING_WITH_NAMES = {
    "person": message("column-person"), "number": message("column-number"),
    "name": message("column-name"), **MISSING,
}  # fmt: skip


def course_rows(courses: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Courses with their last day as a date."""
    return [{**course, "due": _day(course["due"])} for course in courses]


def session_rows(sessions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sessions with their local time and their hours as a number."""
    return [
        {
            **session, "hours": Decimal(session["hours"]),
            "starts": datetime.fromisoformat(moments.local_time(session["starts"])),
        }
        for session in sessions
    ]  # fmt: skip


def coverage_rows(units: Iterable[dict[str, Any]], year: int, topic: str) -> list[dict[str, Any]]:
    """The coverage of units with the share as a number; the file names year and topic itself."""
    return [
        {**unit, "share": _number(unit["share"]), "year": year, "topic": topic} for unit in units
    ]


def missing_rows(
    persons: Iterable[dict[str, Any]], unit: str, year: int, topic: str
) -> list[dict[str, Any]]:
    """Who is missing; the file names unit, year and topic itself."""
    of_file = {"unit": unit, "year": year, "topic": topic}
    return [{"name": None, "number": None, **person, **of_file} for person in persons]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
