"""Rosters, courses and completed training (Điều 4 khoản 1)."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from contracts.data import Amount, Data, Date, Key, Person, Text, UnitKey


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


TYPES: dict[str, type[Data]] = {
    "roster.assigned": RosterAssignedV1,
    "roster.released": RosterReleasedV1,
    "course.planned": CoursePlannedV1,
    "course.cancelled": CourseCancelledV1,
    "course.held": CourseHeldV1,
    "training.completed": TrainingCompletedV1,
}
