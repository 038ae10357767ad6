"""The council's report as types: what is computed, before any words. Pure.

Source: Article 6, clause 2 of the resolution, by which the council supervises how it is carried
out. Points are integers in hundredths. Nothing here comes from a text that a unit or a person
wrote about somebody: reasons of appeals and of decisions stay on the year's desk.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import msgspec

from services.scoring.ratings.appeals import Appeal
from services.scoring.ratings.model import Reason
from services.scoring.ratings.sheet.model import Decision
from services.scoring.rubrics.model import Indicator, Rubric
from services.scoring.rubrics.resolution import Clause

PEERS_LEAST = 2
"""Where the median of the peers is smaller, nobody has strikingly few."""


class UnitBelow(NamedTuple):
    """A unit below a target: the mean of its quantities, and the indicators that fall short."""

    unit: str
    name: str
    kind: str
    share: Fraction
    missing: tuple[Indicator, ...]


class Target(NamedTuple):
    """A target of 100 %: the units that it binds, those that fulfil it, and who is below.

    The unit that is farthest from it comes first.
    """

    clause: Clause
    units: int
    fulfilled: int
    below: tuple[UnitBelow, ...]

    @property
    def share(self) -> Fraction | None:
        """The share of units that fulfil it; None where it binds none."""
        return Fraction(self.fulfilled, self.units) if self.units else None


class ClassCount(NamedTuple):
    """How many units have a class; `before` is None where the class was not there a year ago."""

    name: str
    number: int
    before: int | None


class ClassCounts(NamedTuple):
    """The classes of a kind, the best first, and its units in both years.

    A class that the rubric of this year does not have any more comes last, with 0 units.
    """

    kind: str
    rubric: Rubric
    number: int
    before: int
    classes: tuple[ClassCount, ...]


class Contribution(NamedTuple):
    """What a line, or a part that is no indicator's, gave to the totals of both years.

    `part` is one of `contributions.PARTS` where there is no indicator.
    """

    indicator: Indicator | None
    part: str
    before: int
    points: int

    @property
    def change(self) -> int:
        """By how much it moved the total."""
        return self.points - self.before


class Movement(NamedTuple):
    """A unit that was rated in both years: from where to where, and what moved it most.

    `causes` are the greatest contributions in the direction of the change. `reasons` lowered the
    class this year. `method_differs` where another rubric rates it now, so that a part of the
    change may come from the method.
    """

    unit: str
    name: str
    kind: str
    before: int
    total: int
    class_before: str
    class_name: str
    causes: tuple[Contribution, ...]
    reasons: tuple[Reason, ...]
    method_differs: bool

    @property
    def change(self) -> int:
        """By how many hundredths the total rose; negative where it fell."""
        return self.total - self.before


class NamedUnit(NamedTuple):
    """A unit that was rated in one of the two years only."""

    unit: str
    name: str
    kind: str


class Movements(NamedTuple):
    """Who rose and who fell, the farthest first; who is new, who is gone, and how many stayed."""

    rose: tuple[Movement, ...]
    fell: tuple[Movement, ...]
    stayed: int
    entered: tuple[NamedUnit, ...]
    left: tuple[NamedUnit, ...]


class StageStep(NamedTuple):
    """A decision on the stage of the year, by its number on paper; `at` is when it was entered."""

    stage: str
    version: int
    decision: str
    date: str | None
    at: int


class UnitDecision(NamedTuple):
    """A decision about a unit; `indicator` is None where it names none of the unit's rubric."""

    unit: str
    name: str
    decision: Decision
    indicator: Indicator | None


class UnitAppeal(NamedTuple):
    """An appeal of a unit with the unit's name."""

    name: str
    appeal: Appeal


class LateEvents(NamedTuple):
    """Events of one type that a door recorded after the cut; `door` is None for an unknown one."""

    door: str | None
    type: str
    number: int


class QuarantinedEvents(NamedTuple):
    """Messages of a door that were not folded, by reason and by what became of them."""

    door: str | None
    reason: str
    state: str
    number: int


class DutyCount(NamedTuple):
    """The duties of a unit, and those that it fulfilled in time and late."""

    obliged: int
    on_time: int
    late: int

    @property
    def fulfilled(self) -> int:
        """Those that it fulfilled."""
        return self.on_time + self.late


class DutyComparison(NamedTuple):
    """The duties of a unit or of one of its lines beside its own of last year and its peers'.

    `before` is None where there is no year to compare with, `median` is that of the units of its
    kind with a whole year.
    """

    obliged: int
    before: int | None
    median: Fraction | None

    @property
    def shrank(self) -> bool:
        """Whether it had more last year."""
        return self.before is not None and self.obliged < self.before

    @property
    def below_peers(self) -> bool:
        """Whether it has fewer than half of the median of its peers, where that is worth a word."""
        if self.median is None or self.median < PEERS_LEAST:
            return False
        return 2 * self.obliged < self.median


class LineDuties(NamedTuple):
    """The duties of a line that are fewer than last year's, or than half of the peers' median."""

    indicator: Indicator
    comparison: DutyComparison


class UnitDuties(NamedTuple):
    """The duties of a unit over all its lines; `lines` are those that have strikingly few.

    Last year's are those of its `predecessors` where it was not rated itself.
    """

    unit: str
    name: str
    kind: str
    part_year: bool
    duties: DutyCount
    comparison: DutyComparison
    predecessors: tuple[str, ...]
    lines: tuple[LineDuties, ...]

    @property
    def striking(self) -> bool:
        """Whether somebody should ask why there are so few."""
        few = self.comparison.shrank or self.comparison.below_peers
        return not self.part_year and (few or bool(self.lines))


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The council's report on a year as of a commit.

    `until` is the cut of a sealed year. `late` is None while the year has no seal, since nothing
    can be late then. `ended` says whether the year is over: before that duties may still arise.
    """

    year: int
    stage: str
    version: int
    until: int | None
    ended: bool
    units: int
    units_before: int
    targets: tuple[Target, ...]
    classes: tuple[ClassCounts, ...]
    movements: Movements
    steps: tuple[StageStep, ...]
    decisions: tuple[UnitDecision, ...]
    appeals: tuple[UnitAppeal, ...]
    late: tuple[LateEvents, ...] | None
    quarantined: tuple[QuarantinedEvents, ...]
    duties: tuple[UnitDuties, ...]
