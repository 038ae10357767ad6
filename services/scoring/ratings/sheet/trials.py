"""What a rating would be if something more happened or were declared now. Pure.

A trial posts an event that nobody has sent through the rules of the rubric, as the fold would, and
assesses the unit again: so the answer has every effect of the event (two indicators that read it,
re-basing, caps, rounding, the bounds of the total). Nothing is stored.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from contracts import moments
from contracts.catalog import CANONICAL, fields
from contracts.envelope import EVENT_CLASSES, Recorded
from services.scoring.fold.cells import (
    NIL,
    OWN,
    POOLED,
    Cell,
    Horizon,
    Posting,
    Tally,
    Weight,
    tally_name,
    weigh,
)
from services.scoring.fold.postings import Pool, post
from services.scoring.fold.registry import Unit
from services.scoring.ratings.assessment import Assessment, assess, assess_lines
from services.scoring.ratings.scores import line_of
from services.scoring.ratings.sheet.model_next_class import EventTemplate
from services.scoring.rubrics.kinds import Section
from services.scoring.rubrics.model import Indicator, Rubric, Side

Cells = Mapping[Cell, Sequence[Posting]]
TEXT = "trial"
NOTHING: Mapping[str, str] = MappingProxyType({})
EVENTS_OF_OTHERS = frozenset(
    ("feedback.given", "count.reported", "model.recognised", "model.replicated", "award.granted")
)
"""Events that report what others did or decided: no unit can be advised to send them."""


class TrialEvent(NamedTuple):
    """An event that might be sent: short name, data, when it happens, and an id of its own.

    `key` is the key of the duty that it fulfils, if it fulfils one.
    """

    short: str
    data: Mapping[str, Any]
    at: int
    id: str = TEXT
    key: str | None = None


class Move(NamedTuple):
    """The weight that a cell had, and the one that it has now."""

    cell: Cell
    before: Weight
    after: Weight


@dataclass(frozen=True)
class UnitYear:
    """A unit's year with its facts, rules and relations, as a trial needs it.

    `predecessors` stand in its pooled view, and it in that of its `heirs`. The dictionaries
    remember what trials computed already.
    """

    unit: Unit
    year: int
    rubric: Rubric
    view: str
    predecessors: frozenset[str]
    cells: Cells
    until: Horizon
    now: int
    heirs: tuple[str, ...] = ()
    assessments: dict[tuple[Any, ...], Assessment] = dataclasses.field(default_factory=dict)
    postings: dict[tuple[Any, ...], list[tuple[Cell, Posting]]] = dataclasses.field(
        default_factory=dict
    )
    decisive: dict[str, frozenset[str]] = dataclasses.field(default_factory=dict)

    @cached_property
    def at(self) -> int:
        """The instant of a thing that is done now, and may still name this year."""
        first, last = moments.year_start(self.year - 1), moments.year_start(self.year + 2) - 1
        return max(first, self.unit.begins or first, min(last, self.now))

    @cached_property
    def base(self) -> TrialState:
        """The facts as they are."""
        weights = (
            (cell, weigh(self.rubric, cell, postings, self.until))
            for cell, postings in self.cells.items()
        )
        return TrialState(self, {}, Tally.of_cells(weights))

    @cached_property
    def _cells_by_indicator(self) -> Mapping[str, list[tuple[Cell, Sequence[Posting]]]]:
        by_indicator: dict[str, list[tuple[Cell, Sequence[Posting]]]] = {}
        for cell, postings in sorted(self.cells.items()):
            if cell.view == self.view:
                by_indicator.setdefault(cell.indicator, []).append((cell, postings))
        return by_indicator

    def cells_of(self, indicator: Indicator) -> Sequence[tuple[Cell, Sequence[Posting]]]:
        """The cells of an indicator in the view, in their order, each with its postings."""
        return self._cells_by_indicator.get(indicator.id, ())

    @cached_property
    def _types_of_others(self) -> frozenset[str]:
        return EVENTS_OF_OTHERS.union(
            short
            for indicator in self.rubric.indicators
            for side, rules in indicator.sides()
            if indicator.kind.section is Section.DEDUCTION or side is Side.OBLIGED
            for rule in rules
            for short in rule.sets
        )

    def is_own(self, short: str) -> bool:
        """Whether a unit may send it for itself: no new duty or deduction, nothing others do."""
        return short not in self._types_of_others

    @property
    def ended(self) -> bool:
        """Whether the unit exists no more, so that nothing it does counts."""
        return self.unit.ends is not None and self.unit.ends <= self.at

    def decisive_fields(self, short: str) -> frozenset[str]:
        """The fields of an event whose values decide about points, keys of duties apart."""
        names = self.decisive.get(short)
        if names is None:
            names = self.decisive[short] = _decisive_fields(self.rubric, short)
        return names

    def template(self, event: TrialEvent) -> EventTemplate:
        """The event to send: of its data what decides about points, and the key of the duty."""
        names = self.decisive_fields(event.short)
        data = {
            name: value for name, value in event.data.items()
            if value is not None and (name in names or str(value) == event.key)
        }  # fmt: skip
        return EventTemplate(CANONICAL[event.short].type, data)

    def posted(self, event: TrialEvent) -> list[tuple[Cell, Posting]]:
        """The postings of the event; none where the unit does not exist when it happens."""
        name = (event.short, event.at, event.id, *event.data.items())
        posted = self.postings.get(name)
        if posted is None:
            posted = self.postings[name] = self._post(event)
        return posted

    def _post(self, event: TrialEvent) -> list[tuple[Cell, Posting]]:
        unit, rubric = self.unit, self.rubric
        if not unit.exists_at(event.at):
            return []
        recorded = _recorded(event, unit.key, self.year)
        posted = post(rubric, recorded, unit.key, unit.key, Pool(OWN, frozenset()))
        if self.predecessors:
            pool = Pool(POOLED, self.predecessors)
            posted = posted + post(rubric, recorded, unit.key, unit.key, pool)
        return posted


class TrialState:
    """The facts of a unit with those of a trial: `cells` are those that the trial changes.

    `indicators` has the names of the sums that differ from those of `unit_year.base`, each with its
    indicator: no other line has to be computed again.
    """

    def __init__(
        self,
        unit_year: UnitYear,
        cells: Cells,
        tally: Tally,
        indicators: Mapping[str, str] = NOTHING,
    ) -> None:
        self.unit_year, self.cells, self.tally = unit_year, cells, tally
        self.indicators = indicators

    def after(self, *events: TrialEvent) -> TrialState:
        """The state with these events too."""
        if not events:
            return self
        cells, unit_year, moves = dict(self.cells), self.unit_year, list[Move]()
        rubric, until = unit_year.rubric, unit_year.until
        for event in events:
            for cell, posting in unit_year.posted(event):
                before = cells.get(cell)
                if before is None:
                    before = unit_year.cells.get(cell, ())
                cells[cell] = after = (*before, posting)
                weight = weigh(rubric, cell, before, until) if before else ()
                moves.append(Move(cell, weight, weigh(rubric, cell, after, until)))
        return self._with(cells, moves)

    def declared_nil(self, indicator: str) -> TrialState:
        """The state with a declaration that nothing arose."""
        return self._with(self.cells, [Move(Cell(OWN, indicator, NIL, indicator), (), (1, 0))])

    def added(self, view: str, indicator: Indicator, more: Sequence[int]) -> TrialState:
        """The state with more in the sums of one indicator, without any key."""
        return self._with(self.cells, [Move(Cell(view, indicator.id, "", ""), (), tuple(more))])

    def _with(self, cells: Cells, moves: Iterable[Move]) -> TrialState:
        """The state with these cells and sums; sums that are not moved are shared with it."""
        tally, copied = Tally(dict(self.tally.sums)), set[str]()
        indicators = dict(self.indicators)
        for cell, before, after in moves:
            name = tally_name(cell)
            if name not in copied and name in tally.sums:
                tally.sums[name] = list(tally.sums[name])
            copied.add(name)
            indicators[name] = cell.indicator
            tally.move(cell, before, after)
        return TrialState(self.unit_year, cells, tally, indicators)

    @cached_property
    def assessed(self) -> Assessment:
        """The assessment of these facts, before what depends on other units."""
        of, sums = self.unit_year, self.tally.sums
        if self is of.base:
            return assess(of.rubric, self.tally, of.view)
        key = tuple((name, *sums.get(name, ())) for name in sorted(self.indicators))
        assessment = of.assessments.get(key)
        if assessment is None:
            moved = set(self.indicators.values())
            lines = tuple(
                line_of(line.indicator, self.tally, of.view) if line.indicator.id in moved else line
                for line in of.base.assessed.lines
            )
            assessment = of.assessments[key] = assess_lines(of.rubric, self.tally, lines)
        return assessment

    @property
    def total(self) -> int:
        """The total in hundredths."""
        return self.assessed.total


def _recorded(event: TrialEvent, unit: str, year: int) -> Recorded:
    kind = CANONICAL[event.short]
    data = {name: value for name, value in event.data.items() if value is not None}
    envelope = EVENT_CLASSES[kind.version](
        id=event.id, source=TEXT, subject=unit, time="", specversion="1.0", data=kind.data(**data)
    )
    identity = event.id.encode()
    return Recorded(envelope, kind, event.at, year, event.at, identity, b"", b"")


def _decisive_fields(rubric: Rubric, short: str) -> frozenset[str]:
    known_fields, names = fields(CANONICAL[short].data), set[str]()
    for indicator in rubric.indicators:
        for _, rules in indicator.sides():
            for rule in (rule for rule in rules if short in rule.sets):
                names.update(condition.field for condition in rule.where)
                by = rule.points.by if rule.points is not None else None
                read = (by, rule.value, rule.numerator, rule.denominator)
                names.update(name for name in read if name is not None)
                key = known_fields.get(rule.key or "")
                if key is not None and key.kind not in ("key", "person"):
                    names.add(key.name)
    return frozenset(names & known_fields.keys())
