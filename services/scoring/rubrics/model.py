"""The types of a rubric, independent of its file format. Pure.

Source: SCORING.md sections 3 to 5 and 9. All numbers are exact (int or Fraction).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Literal, TypeAlias

from services.scoring.rubrics.kinds import Kind

Scalar: TypeAlias = str | int | bool
WhenEmpty = Literal["full", "zero", "exclude"]
ShareBase = Literal["rated", "top_two", "next"]


class Side(StrEnum):
    """The side of an indicator to which a fact belongs."""

    OBLIGED = "obliged"
    FULFILLED = "fulfilled"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Points:
    """The points of a rule: a fixed number, or one for each value of a field with a closed list."""

    fixed: Fraction | None = None
    by: str | None = None
    of: tuple[tuple[Scalar, Fraction], ...] = ()

    def values(self) -> Iterable[Fraction]:
        """All numbers of points that the rule can give."""
        return (self.fixed,) if self.fixed is not None else (points for _, points in self.of)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of `where`: the field must have one of these values."""

    field: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """The event types that set or clear a fact, and the field that names its key."""

    sets: tuple[str, ...]
    clears: tuple[str, ...] = ()
    key: str | None = None
    where: tuple[Condition, ...] = ()
    points: Points | None = None
    value: str | None = None
    numerator: str | None = None
    denominator: str | None = None


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A deduction's ceiling on the class (SCORING.md section 5, 3)."""

    where: tuple[Condition, ...]
    at_least: int
    class_at_most: str
    vi: str


@dataclass(frozen=True, slots=True)
class ScaleStep:
    """A step of a scale: from this quantity on, these points."""

    at_least: Fraction
    points: Fraction


@dataclass(frozen=True)
class Indicator:
    """An indicator: one line of the sheet.

    Duties have the rules `obliged` and `fulfilled`, every other kind has `rules` alone.
    """

    id: str
    vi: str
    clause: str
    kind: Kind
    group: str | None = None
    points: Fraction = Fraction(0)
    when_empty: WhenEmpty = "zero"
    scale: tuple[ScaleStep, ...] = ()
    obliged: tuple[Rule, ...] = ()
    fulfilled: tuple[Rule, ...] = ()
    rules: tuple[Rule, ...] = ()
    late_credit: Fraction = Fraction(1)
    grace_days: int | None = None
    target: Fraction = Fraction(1)
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(1)
    minimum: int = 1
    cap: Fraction = Fraction(0)
    pick_highest: bool = False
    ceilings: tuple[Ceiling, ...] = ()

    def sides(self) -> Iterable[tuple[Side, tuple[Rule, ...]]]:
        """The indicator's rules by side, in the order of the file."""
        if self.kind.has_duties:
            return ((Side.OBLIGED, self.obliged), (Side.FULFILLED, self.fulfilled))
        return ((Side.DONE, self.rules),)

    @property
    def points_max(self) -> Fraction:
        """The most points that it brings or takes."""
        return self.points if self.kind.basic else self.cap

    @property
    def ceiling_conditions(self) -> tuple[tuple[Condition, ...], ...]:
        """What each ceiling counts, without how many it takes and to which class it lowers."""
        return tuple(ceiling.where for ceiling in self.ceilings)

    @cached_property
    def weight_rules(self) -> tuple[object, ...]:
        """All that decides the weights of its cells: where two indicators have the same, every
        event gives both the same tallies."""
        return (self.kind, *(getattr(self, name) for name in self.kind.weight_fields))

    @cached_property
    def denominator(self) -> int:
        """The points of keys are summed as integers in 1/denominator, so that sums are exact."""
        points = [p for rule in self.rules if rule.points for p in rule.points.values()]
        return math.lcm(*(number.denominator for number in points)) if points else 1


@dataclass(frozen=True, slots=True)
class Group:
    """A group of indicators: a measure of Article 8, Law 10/2022/QH15."""

    id: str
    vi: str
    clause: str


@dataclass(frozen=True, slots=True)
class Band:
    """A class, and the total from which on a unit is in it."""

    name: str
    vi: str
    at_least: Fraction


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition of a class: the quantity of one indicator, or every group's share of points."""

    class_name: str
    at_least: Fraction
    indicator: str | None = None


@dataclass(frozen=True, slots=True)
class TopClassShare:
    """The share of units that may keep the top class, and the units that it is a share of."""

    at_most: Fraction
    of: ShareBase


@dataclass(frozen=True)
class Rubric:
    """The rules for some kinds of units in some years; `text` is the whole file."""

    id: str
    vi: str
    reference: str
    first_year: int
    last_year: int | None
    kinds: tuple[str, ...]
    maximum: Fraction
    adjustment_limit: Fraction
    succession: str
    reply_days: int
    groups: tuple[Group, ...]
    bands: tuple[Band, ...]
    gates: tuple[Gate, ...]
    top_class_share: TopClassShare | None
    indicators: tuple[Indicator, ...]
    digest: str = field(default="", compare=False)
    text: str = field(default="", compare=False, repr=False)

    @property
    def event_types(self) -> frozenset[str]:
        """The event types that its rules read."""
        return frozenset(
            short
            for indicator in self.indicators
            for _, rules in indicator.sides()
            for rule in rules
            for short in (*rule.sets, *rule.clears)
        )

    @property
    def pooled(self) -> bool:
        """Whether a successor's binding view includes its predecessors' facts."""
        return self.succession == "pooled"

    def governs(self, kind: str, year: int) -> bool:
        """Whether this rubric rates units of the kind in the year."""
        return (
            kind in self.kinds
            and self.first_year <= year
            and (self.last_year is None or year <= self.last_year)
        )

    @cached_property
    def basic(self) -> tuple[Indicator, ...]:
        """The basic indicators, in the order of the file."""
        return tuple(i for i in self.indicators if i.kind.basic)

    @cached_property
    def by_id(self) -> dict[str, Indicator]:
        """Indicators by their id."""
        return {indicator.id: indicator for indicator in self.indicators}

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The classes, best first."""
        return tuple(band.name for band in self.bands)


@dataclass(frozen=True)
class Rubrics:
    """All loaded rubrics; at most one governs a kind of unit in a year."""

    items: tuple[Rubric, ...]

    def governing(self, kind: str, year: int) -> Rubric | None:
        """The rubric of a kind of unit in a year, or None where there is none."""
        key = (kind, year)
        if key not in self._cache:
            self._cache[key] = next((r for r in self.items if r.governs(kind, year)), None)
        return self._cache[key]

    def of_year(self, year: int) -> list[Rubric]:
        """The rubrics that govern any kind of unit in a year, by id."""
        governing = (r for r in self.items if any(r.governs(kind, year) for kind in r.kinds))
        return sorted(governing, key=lambda rubric: rubric.id)

    def digest_of(self, year: int) -> str:
        """A digest of the rubrics of one year: 64 hexadecimal digits."""
        if year not in self._digests:
            texts = "+".join(f"{rubric.id}:{rubric.digest}" for rubric in self.of_year(year))
            self._digests[year] = hashlib.sha256(texts.encode()).hexdigest()
        return self._digests[year]

    @cached_property
    def _digests(self) -> dict[int, str]:
        return {}

    @cached_property
    def _cache(self) -> dict[tuple[str, int], Rubric | None]:
        return {}

    @cached_property
    def digest(self) -> str:
        """A digest of all rubrics; when it changes, every open year is folded again."""
        return "+".join(sorted(f"{rubric.id}:{rubric.digest}" for rubric in self.items))
