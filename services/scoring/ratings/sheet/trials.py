"""What a rating would be if something more were done or declared now. Pure.

A trial posts an event that nobody has sent through the rules of the rubric, as the fold would, and
assesses the unit again: so whatever an event does (two indicators that read it, re-basing, caps,
rounding, the bounds of the total) is in the answer. Nothing is stored.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from contracts import moments
from contracts.catalog import CANONICAL, FieldInfo, fields
from contracts.envelope import EVENT_CLASSES, Recorded
from services.scoring.fold.cells import NIL, OWN, POOLED, Cell, Horizon, Posting, Tally, weigh
from services.scoring.fold.postings import THE_EVENT, Pool, post
from services.scoring.fold.registry import Unit
from services.scoring.ratings.assessment import Assessment, assess
from services.scoring.rubrics.model import Indicator, Rubric, Rule

Cells = Mapping[Cell, Sequence[Posting]]
VARIANTS_MAX = 64
TEXT = "trial"
FILLED: dict[str, Any] = {
    "key": TEXT, "person": TEXT, "text": TEXT, "date": "2200-12-31", "boolean": False,
    "integer": 0, "number": 0,
}  # fmt: skip


class Act(NamedTuple):
    """An event that might be sent: short name, data, when it happens, and an id of its own.

    `key` is the key of the duty that it fulfils, if it fulfils one.
    """

    short: str
    data: Mapping[str, Any]
    at: int
    id: str = TEXT
    key: str | None = None

    def decisive(self, names: frozenset[str]) -> dict[str, Any]:
        """Of the data, what decides about points, by these names, and the key of the duty."""
        return {
            name: value for name, value in self.data.items()
            if value is not None and (name in names or str(value) == self.key)
        }  # fmt: skip


@dataclass(frozen=True)
class Field:
    """The unit's year as a trial needs it.

    `predecessors` stand in its pooled view, and it in that of its `heirs`.
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
    known: dict[tuple[Any, ...], Assessment] = dataclasses.field(default_factory=dict)
    postings: dict[tuple[Any, ...], list[tuple[Cell, Posting]]] = dataclasses.field(
        default_factory=dict
    )
    decisive: dict[str, frozenset[str]] = dataclasses.field(default_factory=dict)

    @cached_property
    def at(self) -> int:
        """When a thing is done that is done now, and may still name this year."""
        first, last = moments.year_start(self.year - 1), moments.year_start(self.year + 2) - 1
        return max(first, self.unit.begins or first, min(last, self.now))

    @cached_property
    def base(self) -> State:
        """The facts as they are."""
        weights = ((c, weigh(self.rubric, c, said, self.until)) for c, said in self.cells.items())
        return State(self, {}, Tally.of_cells(weights))

    def relevant(self, short: str) -> frozenset[str]:
        """The fields of an event whose values decide about points, keys of duties apart."""
        known = self.decisive.get(short)
        if known is None:
            known = self.decisive[short] = _relevant(self.rubric, short)
        return known

    def posted(self, act: Act) -> list[tuple[Cell, Posting]]:
        """What the event posts; nothing where the unit does not exist when it happens."""
        name = (act.short, act.at, act.id, *act.data.items())
        known = self.postings.get(name)
        if known is None:
            known = self.postings[name] = self._posted(act)
        return known

    def _posted(self, act: Act) -> list[tuple[Cell, Posting]]:
        unit, rubric = self.unit, self.rubric
        if not unit.exists_at(act.at):
            return []
        said = _recorded(act, unit.key, self.year)
        posted = post(rubric, said, unit.key, unit.key, Pool(OWN, frozenset()))
        if self.predecessors:
            pool = Pool(POOLED, self.predecessors)
            posted = posted + post(rubric, said, unit.key, unit.key, pool)
        return posted

    @property
    def ended(self) -> bool:
        """Whether the unit is no more, so that nothing it does counts."""
        return self.unit.ends is not None and self.unit.ends <= self.at


class State:
    """The facts of a unit with those of a trial; what is not in `cells` is as it was."""

    def __init__(self, of: Field, cells: Cells, tally: Tally) -> None:
        self.of, self.cells, self.tally = of, cells, tally

    def held(self, cell: Cell) -> Sequence[Posting]:
        """What is said of a cell."""
        found = self.cells.get(cell)
        return self.of.cells.get(cell, ()) if found is None else found

    def after(self, *acts: Act) -> State:
        """With these events too."""
        if not acts:
            return self
        cells, tally, of = dict(self.cells), _copy(self.tally), self.of
        for act in acts:
            for cell, posting in of.posted(act):
                held = cells.get(cell)
                before = of.cells.get(cell, ()) if held is None else held
                cells[cell] = after = (*before, posting)
                earlier = weigh(of.rubric, cell, before, of.until) if before else ()
                tally.move(cell, earlier, weigh(of.rubric, cell, after, of.until))
        return State(of, cells, tally)

    def declared_nil(self, indicator: str) -> State:
        """With a declaration that nothing arose."""
        tally = _copy(self.tally)
        tally.move(Cell(OWN, indicator, NIL, indicator), (), (1, 0))
        return State(self.of, self.cells, tally)

    def moved(self, view: str, indicator: Indicator, more: Sequence[int]) -> State:
        """With other sums of one indicator, whatever things they stand for."""
        tally = _copy(self.tally)
        tally.move(Cell(view, indicator.id, "", ""), (), tuple(more))
        return State(self.of, self.cells, tally)

    @cached_property
    def assessed(self) -> Assessment:
        """The assessment of these facts, before what depends on other units."""
        sums = tuple((name, *numbers) for name, numbers in sorted(self.tally.sums.items()))
        known = self.of.known.get(sums)
        if known is None:
            known = self.of.known[sums] = assess(self.of.rubric, self.tally, self.of.view)
        return known

    @property
    def total(self) -> int:
        """The total in hundredths."""
        return self.assessed.total


def _copy(tally: Tally) -> Tally:
    return Tally({name: list(sums) for name, sums in tally.sums.items()})


def _recorded(act: Act, unit: str, year: int) -> Recorded:
    kind = CANONICAL[act.short]
    given = {name: value for name, value in act.data.items() if value is not None}
    event = EVENT_CLASSES[kind.version](
        id=act.id, source=TEXT, subject=unit, time="", specversion="1.0", data=kind.data(**given)
    )
    return Recorded(event, kind, act.at, year, act.at, act.id.encode(), b"", b"")


def acts(field: Field, rule: Rule, key: str | None, at: int, new: str = TEXT) -> list[Act]:
    """The events that would set a fact by this rule, about this key or the new one.

    One for each choice that matters to some rule of the rubric: a level, a form, a severity.
    """
    found = []
    for short in rule.sets:
        known = fields(CANONICAL[short].data)
        fixed = (
            {}
            if rule.key is None or rule.key.startswith("$")
            else _keyed(known, rule.key, key, new)
        )
        where = {condition.field: condition.values for condition in rule.where}
        names = (field.relevant(short) | where.keys()) - fixed.keys()
        open_ = {
            name: where.get(name, _choices(field.rubric, short, info))
            for name, info in known.items()
            if name in names
        }
        products = itertools.product(*open_.values())
        for values in itertools.islice(products, VARIANTS_MAX):
            data = dict(zip(open_, values, strict=True)) | fixed
            found.append(Act(short, {**_filled(known, data), **data}, at, new, key))
    return found


def _keyed(
    known: Mapping[str, FieldInfo], name: str, key: str | None, new: str = TEXT
) -> dict[str, Any]:
    if key is None:
        return {name: new} if known[name].kind in ("key", "person", "text") else {}
    if known[name].kind == "boolean":
        return {name: key == "true"}
    return {name: int(key) if known[name].kind == "integer" and key.isdecimal() else key}


def _filled(known: Mapping[str, FieldInfo], data: Mapping[str, Any]) -> dict[str, Any]:
    """What an event must have and no rule asks for."""
    return {
        name: info.choices[0] if info.kind == "choice" else FILLED[info.kind]
        for name, info in known.items()
        if name not in data and not info.optional
    }


def _choices(rubric: Rubric, short: str, info: FieldInfo) -> tuple[Any, ...]:
    if info.kind == "choice":
        values: tuple[Any, ...] = info.choices
    elif info.kind == "boolean":
        values = (True, False)
    else:
        means = [i for i in rubric.indicators if any(info.name == r.value for r in i.rules)]
        values = tuple(sorted({int(bound) for i in means for bound in (i.low, i.high)})) or (0,)
    return (*values, None) if info.optional else values


def _relevant(rubric: Rubric, short: str) -> frozenset[str]:
    known, names = fields(CANONICAL[short].data), set[str]()
    for indicator in rubric.indicators:
        for _, rules in indicator.sides():
            for rule in (rule for rule in rules if short in rule.sets):
                names.update(condition.field for condition in rule.where)
                by = rule.points.by if rule.points is not None else None
                given = (by, rule.value, rule.numerator, rule.denominator)
                names.update(name for name in given if name is not None)
                if rule.key in known and known[rule.key or ""].kind not in ("key", "person"):
                    names.add(rule.key or "")
    return frozenset(names & known.keys())


def doable(rule: Rule, field: str, key: str, at: int) -> bool:
    """Whether an event that happens then can speak by this rule of a key of this field."""
    if (rule.key or THE_EVENT) != field or field == THE_EVENT:
        return False
    if field == "$quarter":
        return key == moments.quarter(at)
    return key == moments.month(at) if field == "$month" else True


def clearing(indicator: Indicator, cell: Cell, at: int) -> Act | None:
    """The event that would clear the fact of a cell; None where no rule has one."""
    for rule in indicator.rules:
        if rule.key == cell.field and rule.clears:
            known = fields(CANONICAL[rule.clears[0]].data)
            data = _keyed(known, cell.field, cell.key)
            return Act(rule.clears[0], {**_filled(known, data), **data}, at)
    return None
