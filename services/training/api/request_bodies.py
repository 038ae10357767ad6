"""The bodies of commands and the parameters of queries of training."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)

from services.records.request_bodies import (
    Act,
    CommandBody,
    Day,
    Line,
    Listing,
    Moment,
    Prose,
    UnitKey,
    When,
)
from services.training.domain.attendance import Test
from services.training.domain.course import Topic
from services.training.domain.roster import Role
from services.training.fields import (
    MEMBER_ID,
    Hours,
    Name,
    PersonKey,
    SessionName,
    SomeHours,
    StaffNumber,
)
from services.training.messages import message

ROWS_MAX = 1000


Format = Literal["json", "csv", "xlsx"]


class Assign(When):
    """A person comes on the roster of a unit, by key or by staff number and name."""

    unit: UnitKey
    role: Role
    person: PersonKey | None = None
    number: StaffNumber | None = None
    name: Name | None = None

    @model_validator(mode="after")
    def _refer_to_one(self) -> Self:
        if (self.person is None) == (self.number is None):
            raise ValueError(message("person-or-number"))
        if self.person is not None and self.name is not None:
            raise ValueError(message("name-with-number"))
        return self


class Transfer(When):
    """The unit to which it belongs from `at` on, as after a merger."""

    unit: UnitKey


class Succeed(Transfer):
    """A unit is succeeded by another, which gets its roster and its open courses."""

    predecessor: UnitKey


class Rename(CommandBody):
    """The display name of a person."""

    name: Name


class Plan(When):
    """A course of a unit's yearly plan, and the rule by which a person completes it."""

    unit: UnitKey
    title: Line
    topic: Topic
    hours: SomeHours
    provider: Line | None = None
    clause: Line | None = Field(None, description="the clause that asks for it")
    due: Day | None = None
    year: Annotated[int, Field(ge=2000, le=9999)] | None = Field(
        None, description="the year of the plan, where it is not the year of `at`"
    )
    hours_min: Hours | None = Field(None, description="to attend at least; all hours without it")
    test: bool = Field(False, description="whether a test has to be passed")


class Revise(Act):
    """Changes to a planned course; null takes out what the plan need not say."""

    emptied: ClassVar[tuple[str, ...]] = ("provider", "clause", "due", "hours_min")
    title: Line | None = None
    topic: Topic | None = None
    hours: SomeHours | None = None
    provider: Line | None = None
    clause: Line | None = None
    due: Day | None = None
    hours_min: Hours | None = None
    test: bool | None = None

    def data(self) -> dict[str, Any]:
        """The changes, with None for what is taken out."""
        sent = {name for name in self.emptied if name in self.model_fields_set}
        taken_out = {name: None for name in sorted(sent) if getattr(self, name) is None}
        return {**super().data(), **taken_out}


class Schedule(Act):
    """A session of the course."""

    starts: Moment
    place: Line
    hours: SomeHours


class MoveSession(Act):
    """A session at another time or place."""

    session: SessionName
    starts: Moment | None = None
    place: Line | None = None
    hours: SomeHours | None = None


class DropSession(Act):
    """A session does not take place."""

    session: SessionName


class Attended(CommandBody):
    """One person in a session: hours, and the test result if any."""

    person: PersonKey | None = None
    number: StaffNumber | None = None
    hours: Hours
    test: Test | None = None

    @model_validator(mode="after")
    def _refer_to_one(self) -> Self:
        if (self.person is None) == (self.number is None):
            raise ValueError(message("person-or-number"))
        return self


class Attend(Act):
    """The attendance of a session, or some of it; a person's later row takes the place of one."""

    session: SessionName
    rows: list[Attended] = Field(min_length=1, max_length=ROWS_MAX)


class Strike(Act):
    """Persons who were not in a session after all."""

    session: SessionName
    persons: list[PersonKey] = Field(min_length=1, max_length=ROWS_MAX)


class Cancel(When):
    """The course leaves the plan."""

    reason: Prose


class RosterQuery(Listing):
    """The filter of a roster: at the end of a day, by default now; a file has all pages."""

    places = MEMBER_ID
    date: Day | None = None
    role: Role | None = None
    format: Format = "json"


class TemplateQuery(BaseModel):
    """Which list to fill in: with the roster of a unit at the end of a day, or an empty one."""

    model_config = ConfigDict(extra="forbid")
    format: Format = "xlsx"
    unit: UnitKey | None = None
    date: Day | None = None
