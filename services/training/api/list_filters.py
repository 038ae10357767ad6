"""The query parameters of the lists of training. Pure."""

from typing import Literal

from pydantic import Field

from contracts.envelope import UNIT_KEY
from services.chassis.http.validation import Integer
from services.records.exported_lists import Form
from services.records.request_bodies import Day, Listing, UnitKey
from services.training.domain.course import Topic
from services.training.fields import COURSE_ID, PERSON_ID, SESSION_NAME


class CourseQuery(Listing):
    """The filter of courses; a file has all pages."""

    places = COURSE_ID
    unit: UnitKey | None = None
    year: Integer | None = Field(None, ge=2000, le=9999)
    stage: Literal["planned", "scheduled", "held", "cancelled", "withdrawn"] | None = None
    format: Form = "json"


class SessionQuery(Listing):
    """The filter of sessions: those from a day on, by default today; a file has all pages."""

    places = f"[0-9]{{1,17}}:{COURSE_ID}:{SESSION_NAME}"
    unit: UnitKey | None = None
    date: Day | None = None
    format: Form = "json"


class CoverageQuery(Listing):
    """The year and units of the coverage; a file has all pages."""

    places = UNIT_KEY.pattern
    year: Integer = Field(ge=2000, le=9999)
    unit: UnitKey | None = None
    topic: Topic = "democracy"
    format: Form = "json"


class MissingQuery(Listing):
    """The unit and year of the missing persons; a file has all pages."""

    places = PERSON_ID
    unit: UnitKey
    year: Integer = Field(ge=2000, le=9999)
    topic: Topic = "democracy"
    format: Form = "json"
