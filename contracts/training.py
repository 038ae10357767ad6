"""Rosters, courses and completed training (Điều 4 khoản 1)."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from contracts.data import Amount, Data, Date, Key, Person, Text, UnitKey, Version


class RosterAssignedV1(Data, frozen=True, kw_only=True):
    """`roster.assigned`: A person is charged with carrying out the law."""

    person: Person
    role: Literal["official", "board_member", "neighbourhood", "other"]


class RosterReleasedV1(Data, frozen=True, kw_only=True):
    """`roster.released`: A person is no longer charged with it."""

    person: Person


class CoursePlannedV1(Data, frozen=True, kw_only=True):
    """`course.planned`: A course stands in the year's plan."""

    course: Key
    due: Date | UnsetType = UNSET
    topic: Text | UnsetType = UNSET


class CourseCancelledV1(Data, frozen=True, kw_only=True):
    """`course.cancelled`: A planned course is taken out of the plan."""

    course: Key


class CourseHeldV1(Data, frozen=True, kw_only=True):
    """`course.held`: A course took place."""

    course: Key


class TrainingCompletedV1(Data, frozen=True, kw_only=True):
    """`training.completed`: A person met a course's rule."""

    person: Person
    course: Key
    topic: Literal["democracy", "it_skills", "other"]
    hours: Amount
    provider: Text | UnsetType = UNSET
    carried_from: UnitKey | UnsetType = UNSET


TYPES: dict[Version, type[Data]] = {
    Version("roster.assigned", 1): RosterAssignedV1,
    Version("roster.released", 1): RosterReleasedV1,
    Version("course.planned", 1): CoursePlannedV1,
    Version("course.cancelled", 1): CourseCancelledV1,
    Version("course.held", 1): CourseHeldV1,
    Version("training.completed", 1): TrainingCompletedV1,
}
