"""The parameters of the lists of training: which courses, sessions, units and persons. Pure."""

from typing import Literal

from pydantic import Field

from contracts.envelope import UNIT_KEY
from services.records.exported_lists import Form
from services.records.request_bodies import Day, Listing, UnitKey
from services.training.domain.course import Topic
from services.training.fields import COURSE_ID, PERSON_ID, SESSION_NAME


class CourseQuery(Listing):
    """Which courses; a file has all of them."""

    places = COURSE_ID
    unit: UnitKey | None = None
    year: int | None = Field(None, ge=2000, le=9999)
    stage: Literal["planned", "scheduled", "held", "cancelled", "withdrawn"] | None = None
    format: Form = "json"


class SessionQuery(Listing):
    """Which sessions: those that begin from a day on, today without it; a file has all of them."""

    places = f"[0-9]{{1,17}}:{COURSE_ID}:{SESSION_NAME}"
    unit: UnitKey | None = None
    date: Day | None = None
    format: Form = "json"


class CoverageQuery(Listing):
    """The coverage of which units and year; a file has all of them."""

    places = UNIT_KEY.pattern
    year: int = Field(ge=2000, le=9999)
    unit: UnitKey | None = None
    topic: Topic = "democracy"
    format: Form = "json"


class MissingQuery(Listing):
    """Who is missing in which unit and year; a file has all of them."""

    places = PERSON_ID
    unit: UnitKey
    year: int = Field(ge=2000, le=9999)
    topic: Topic = "democracy"
    format: Form = "json"
