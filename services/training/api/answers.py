"""The answers of training as models for OpenAPI, from which clients can be generated."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Place(BaseModel):
    """The unit to which a membership or a course belongs from an instant on."""

    unit: str
    from_: str = Field(alias="from")


class Membership(BaseModel):
    """A person's role on the roster of a unit; a withdrawn one has its stage alone.

    `possible` are the steps that the caller may take now.
    """

    model_config = ConfigDict(populate_by_name=True)
    id: str
    unit: str
    person: str | None = None
    role: str | None = None
    role_vi: str | None = None
    role_en: str | None = None
    stage: str
    stage_vi: str
    stage_en: str
    from_: str | None = Field(None, alias="from")
    until: str | None = None
    places: list[Place] | None = None
    possible: list[str]
    possible_vi: list[str]
    possible_en: list[str]
    version: int


class Rule(BaseModel):
    """The rule to complete a course."""

    hours_min: str
    test: bool


class CourseSession(BaseModel):
    """A session of a course; sessions are numbered from 1."""

    session: str
    number: int
    starts: str
    place: str
    hours: str
    attended: int
    absent: int


class Course(BaseModel):
    """A course of a unit's plan; a withdrawn one has its stage alone.

    `possible` are the steps that the caller may take now.
    """

    id: str
    unit: str
    stage: str
    stage_vi: str
    stage_en: str
    possible: list[str]
    possible_vi: list[str]
    possible_en: list[str]
    year: int | None = None
    title: str | None = None
    topic: str | None = None
    topic_vi: str | None = None
    topic_en: str | None = None
    provider: str | None = None
    hours: str | None = None
    clause: str | None = None
    due: str | None = None
    rule: Rule | None = None
    places: list[Place] | None = None
    ended: str | None = None
    sessions: list[CourseSession] | None = None
    completed: int | None = None
    version: int


class UploadedFile(BaseModel):
    """How a file was read: which sheet, and what was left out of it."""

    format: str
    sheet: str | None
    encoding: str | None
    separator: str | None
    heading_row: int
    rows: int
    ignored_columns: list[Any]
    ignored_rows: list[Any]


class ImportedAttendance(Course):
    """The course after an import, the session, and how the file was read."""

    session: str
    list_: UploadedFile = Field(alias="list")


class ImportedRoster(BaseModel):
    """The memberships that an import made, and how the file was read."""

    unit: str
    assigned: list[str]
    unchanged: int
    list_: UploadedFile = Field(alias="list")


class Succession(BaseModel):
    """What was transferred to the successor; `left`: the command must be repeated for the rest."""

    id: str
    predecessor: str
    unit: str
    memberships: int
    courses: int
    left: bool


class PersonState(BaseModel):
    """Whether a person is known or was erased."""

    person: str
    erased: bool


class Person(PersonState):
    """A person; name and staff number for the right role."""

    name: str | None = None
    number: str | None = None


class Member(BaseModel):
    """A person on a roster; name and staff number for the right role."""

    id: str
    person: str
    role: str
    role_vi: str
    role_en: str
    since: str
    until: str | None
    name: str | None = None
    number: str | None = None


class Missing(BaseModel):
    """A person who is not yet trained; name and staff number for the right role."""

    person: str
    role: str
    role_vi: str
    role_en: str
    name: str | None = None
    number: str | None = None


class Coverage(BaseModel):
    """How many of a unit's roster are trained; `share` is a percentage as text."""

    unit: str
    obliged: int
    trained: int
    share: str | None


class Completion(BaseModel):
    """A course that a person completed."""

    person: str
    course: str
    origin: str
    at: str
    hours: str
    provider: str | None
    topic: str
    topic_vi: str
    topic_en: str


class ListedCourse(BaseModel):
    """A course in a list."""

    id: str
    unit: str
    origin: str
    year: int
    title: str
    topic: str
    topic_vi: str
    topic_en: str
    due: str | None
    stage: str
    stage_vi: str
    stage_en: str
    version: int


class ListedSession(BaseModel):
    """A session that is still to come."""

    place_in_list: str
    course: str
    session: str
    unit: str
    title: str
    topic: str
    topic_vi: str
    topic_en: str
    starts: str
    place: str
    hours: str
    attended: int


class AttendanceEntry(BaseModel):
    """One person in a session; name and staff number for the right role."""

    person: str
    hours: str
    test: str | None
    test_vi: str | None = None
    test_en: str | None = None
    name: str | None = None
    number: str | None = None


class SessionAttendance(BaseModel):
    """Who attended a session."""

    session: str
    number: int
    items: list[AttendanceEntry]
    next: str | None
