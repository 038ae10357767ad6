"""A rating as types: what is computed, before any encoding. Pure.

Points are integers in hundredths, quantities and shares are exact fractions, instants are
microseconds since 1970 UTC, and terms for people are messages. A reason is a type of its own for
each kind, with the data behind it; `class_reasons` has the sentences, `json` the members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple, TypeAlias

import msgspec

from contracts.messages import Message
from services.scoring.fold.headships import Headship
from services.scoring.rubrics.model import Ceiling, Group, Indicator, Rubric, TopClassShare


class Miss(NamedTuple):
    """What falls short of a gate: the quantity of an indicator, or a group's share of points."""

    subject: Indicator | Group
    value: Fraction
    at_least: Fraction

    @property
    def indicator(self) -> str | None:
        """The id of the indicator; None where a group falls short."""
        return self.subject.id if isinstance(self.subject, Indicator) else None

    @property
    def group(self) -> str | None:
        """The id of the group; None where an indicator falls short."""
        return self.subject.id if isinstance(self.subject, Group) else None


class CeilingPlace(NamedTuple):
    """Which ceiling: the id of its indicator, and its number among the indicator's ceilings."""

    indicator: str
    number: int

    def of(self, rubric: Rubric) -> Ceiling:
        """The ceiling in the rubric."""
        return rubric.by_id[self.indicator].ceilings[self.number]


Cases: TypeAlias = Mapping[CeilingPlace, Sequence[str]]
"""The keys of the cases behind each ceiling."""


class GateReason(msgspec.Struct, frozen=True):
    """The class of the band has a gate that the unit does not pass."""

    from_class: str
    to_class: str
    misses: tuple[Miss, ...]


class CeilingReason(msgspec.Struct, frozen=True):
    """A ceiling of an indicator lowers the class; `cases` are the keys that it counts."""

    from_class: str
    to_class: str
    indicator: Indicator
    number: int
    cases: tuple[str, ...] = ()

    @property
    def place(self) -> CeilingPlace:
        """Which ceiling of the rubric it is."""
        return CeilingPlace(self.indicator.id, self.number)

    @property
    def ceiling(self) -> Ceiling:
        """The ceiling in the rubric."""
        return self.indicator.ceilings[self.number]


class ShareReason(msgspec.Struct, frozen=True):
    """The unit has the points of the top class and no place in it.

    `places` may have it, `candidates` had it before the share, `place` is the unit's own among
    them, and `behind` is by how many hundredths of the total it is behind the last place.
    """

    from_class: str
    to_class: str
    share: TopClassShare
    places: int
    place: int
    candidates: int
    behind: int


Reason: TypeAlias = GateReason | CeilingReason | ShareReason
"""Why the class is not the class of the band."""


class Result(NamedTuple):
    """A reported result, which is shown and never added; numbers as they were sent."""

    result: str
    score: int | str
    maximum: int | str


class Labels(NamedTuple):
    """The terms of one rating in both languages; those of `empty` by word."""

    kind: Message
    stage: Message
    class_name: Message
    empty: Mapping[str, Message]


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """One unit's rating of a year, in one view.

    `scores` are hundredths by indicator, negative for a deduction, without the indicators that
    are left out; `empty` has a word for each indicator that is empty. `rank` is None for a part
    of a year and for a view that does not bind; `until` is the first day without the unit.
    """

    unit: str
    name: str
    kind: str
    year: int
    rubric: str
    stage: str = "open"
    version: int = 1
    basic: int
    bonus: int
    deduction: int
    adjustment: int
    total: int
    class_name: str
    rank: int | None
    part_year: bool
    scores: Mapping[str, int]
    empty: Mapping[str, str]
    reasons: tuple[Reason, ...]
    head_ceiling: str | None
    heads: tuple[Headship, ...]
    results: tuple[Result, ...]
    until: date | None
    successors: tuple[str, ...]
    predecessors: tuple[str, ...]
    labels: Labels
    as_of: int | None = None
