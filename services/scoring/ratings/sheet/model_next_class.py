"""The way from one class to the next as types, before any encoding; a part of `model`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from contracts.messages import Message
from services.scoring.ratings.model import Miss
from services.scoring.rubrics.model import Band, Ceiling, Indicator

Action = Literal["declare", "fulfil", "add"]


class EventTemplate(Struct, frozen=True):
    """An event to send: its type, and the data that decides about points."""

    type: str
    data: Mapping[str, Any]


class ClassBand(Struct, frozen=True):
    """A class with the total from which it is given, and its name in both languages."""

    band: Band
    label: Message


class PointsGap(Struct, frozen=True):
    """How many hundredths the total lacks to the band of a class."""

    least: int
    total: int
    lacking: int
    text: Message


class GateGap(Struct, frozen=True):
    """A gate that is not passed: by how much, and the duties that keep it shut."""

    class_name: str
    miss: Miss
    points_lacking: int | None
    missing: tuple[str, ...]
    late: tuple[str, ...]
    text: Message


class LastPlace(Struct, frozen=True):
    """The points of the unit that has the last place of the top class."""

    total: int
    basic: int
    deduction: int


class ShareGap(Struct, frozen=True):
    """The place that the unit lacks among those that may have the top class.

    `last` and `behind` are None where the top class has no place at all.
    """

    places: int | None
    place: int
    candidates: int
    last: LastPlace | None
    behind: int | None
    text: Message


class CeilingGap(Struct, frozen=True):
    """A ceiling that holds the class down, and its first cases; `total_without` all of them."""

    indicator: Indicator
    ceiling: Ceiling
    cases: tuple[str, ...]
    cases_total: int
    total_without: int
    text: Message


class PlanStep(Struct, frozen=True):
    """What the unit can do of one indicator, with the events that report it."""

    indicator: Indicator
    action: Action
    count: int
    events: tuple[EventTemplate, ...]
    text: Message


class NextClass(Struct, frozen=True, kw_only=True):
    """Everything between a unit and a better class, and what the unit can do about it."""

    target: ClassBand
    points: PointsGap | None
    gates: tuple[GateGap, ...]
    share: ShareGap | None
    ceilings: tuple[CeilingGap, ...]
    reachable: bool
    steps: tuple[PlanStep, ...]
    points_more: int
    text: Message
