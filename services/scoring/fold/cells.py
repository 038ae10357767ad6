"""Cells, their weights, and tallies as sums of weights. Pure.

A cell holds every posting about one key of one indicator in one view of a unit's year. Its weight
is a tuple of integers, and a tally is the sum of its cells' weights. Nothing here knows of batches,
databases or clocks (SCORING.md sections 3 and 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Literal, NamedTuple

import msgspec

from contracts import moments
from services.scoring.fold.registry import Order
from services.scoring.rubrics.kinds import Kind
from services.scoring.rubrics.model import Indicator, Rubric, Side

OWN, POOLED = "own", "pooled"
EXEMPT, NIL, ADJUSTMENT = "$exempt", "$nil", "$adjustment"
DAY = 86_400_000_000
# Members of an enumeration are looked up once: a lookup through the class costs as much as a call.
OBLIGED, FULFILLED, DONE = Side.OBLIGED, Side.FULFILLED, Side.DONE

Weight = tuple[int, ...]
Status = Literal["off", "left_out", "missing", "late", "on_time"]


class Cell(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """The subject of postings: a key of an indicator; `field` tells award 1 from model 1."""

    view: str
    indicator: str
    field: str
    key: str


class Posting(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one event states about one cell. `due` is the ordinal of a +07:00 date."""

    side: str
    order: Order
    sets: bool
    value: int = 0
    weight: int = 0
    due: int | None = None
    marks: int = 0


class Horizon(NamedTuple):
    """The instant at which a unit's year ends, and the due day from which on a closing rating
    leaves duties out; None where the rating does not close."""

    end: int
    due_free: int | None


class _Fact(msgspec.Struct, frozen=True, gc=False):
    """The unbroken run of setting postings at the end of one side of a cell."""

    first: Posting
    latest: Posting
    highest: int


_order = attrgetter("order")


def _fact(postings: Sequence[Posting], side: str) -> _Fact | None:
    """The fact that one side of a cell states, or None where nothing set it or it was cleared."""
    if len(postings) == 1:  # most cells have one posting
        posting = postings[0]
        if posting.side != side or not posting.sets:
            return None
        return _Fact(posting, posting, posting.value)
    ordered = [posting for posting in postings if posting.side == side]
    if len(ordered) > 1:
        ordered.sort(key=_order)
    if not ordered or not ordered[-1].sets:
        return None
    start = len(ordered) - 1
    while start and ordered[start - 1].sets:
        start -= 1
    run = ordered[start:]
    return _Fact(run[0], run[-1], max(posting.value for posting in run))


def is_on(postings: Sequence[Posting], side: str) -> bool:
    """Whether one side of a cell states a fact."""
    return _fact(postings, side) is not None


def weigh(rubric: Rubric, cell: Cell, postings: Sequence[Posting], horizon: Horizon) -> Weight:
    """What a cell adds to its indicator's tally; () where it adds nothing.

    coverage (obliged, on time, late); quota (n); mean (n, sum/10,000); share (numerators,
    denominators); merit, bonus, deduction (n, sum in 1/denominator, then n by ceiling).
    """
    if cell.indicator != ADJUSTMENT and cell.field not in (EXEMPT, NIL):
        indicator = rubric.by_id[cell.indicator]
        return _WEIGHERS[indicator.kind](indicator, postings, horizon)
    fact = _fact(postings, DONE)
    return () if fact is None else (1, fact.latest.value)


class Coverage(msgspec.Struct, frozen=True, gc=False):
    """The status of a duty: off, left_out, missing, late or on_time; `due` as an ordinal."""

    status: Status
    due: int | None = None


_COVERAGE_WEIGHTS: dict[Status, Weight] = {
    "off": (),
    "left_out": (),
    "missing": (1, 0, 0),
    "late": (1, 0, 1),
    "on_time": (1, 1, 0),
}


def coverage(indicator: Indicator, postings: Sequence[Posting], horizon: Horizon) -> Coverage:
    """The status of one key of a coverage indicator (SCORING.md sections 4 and 6)."""
    obliged = _fact(postings, OBLIGED)
    if obliged is None:
        return Coverage("off")
    due = obliged.first.due
    if horizon.due_free is not None and due is not None and due >= horizon.due_free:
        return Coverage("left_out", due)
    fulfilled = _fact(postings, FULFILLED)
    if fulfilled is None:
        days = indicator.grace_days
        in_grace = days is not None and obliged.first.order.time > horizon.end - days * DAY
        return Coverage("left_out" if in_grace else "missing", due)
    late = due is not None and moments.local_day(fulfilled.first.order.time) > due
    return Coverage("late" if late else "on_time", due)


def _weigh_duty(indicator: Indicator, postings: Sequence[Posting], horizon: Horizon) -> Weight:
    return _COVERAGE_WEIGHTS[coverage(indicator, postings, horizon).status]


def _weigh_thing(indicator: Indicator, postings: Sequence[Posting], horizon: Horizon) -> Weight:
    return () if _fact(postings, DONE) is None else (1,)


def _weigh_mark(indicator: Indicator, postings: Sequence[Posting], horizon: Horizon) -> Weight:
    fact = _fact(postings, DONE)
    return () if fact is None else (1, fact.latest.value)


def _weigh_share(indicator: Indicator, postings: Sequence[Posting], horizon: Horizon) -> Weight:
    fact = _fact(postings, DONE)
    return () if fact is None else (fact.latest.value, fact.latest.weight)


def _weigh_points(indicator: Indicator, postings: Sequence[Posting], horizon: Horizon) -> Weight:
    fact = _fact(postings, DONE)
    if fact is None:
        return ()
    value = fact.highest if indicator.pick_highest else fact.latest.value
    ceilings = (fact.latest.marks >> i & 1 for i in range(len(indicator.ceilings)))
    return (1, value, *ceilings)


_WEIGHERS: dict[Kind, Callable[[Indicator, Sequence[Posting], Horizon], Weight]] = {
    Kind.COVERAGE: _weigh_duty,
    Kind.QUOTA: _weigh_thing,
    Kind.MEAN: _weigh_mark,
    Kind.SHARE: _weigh_share,
    Kind.MERIT: _weigh_points,
    Kind.BONUS: _weigh_points,
    Kind.DEDUCTION: _weigh_points,
}


class Tally:
    """Sums of weights by (view, indicator, field class): a cache of the facts, never the truth."""

    __slots__ = ("sums",)

    def __init__(self, sums: dict[str, list[int]] | None = None) -> None:
        self.sums = sums if sums is not None else {}

    @classmethod
    def of_cells(cls, weights: Iterable[tuple[Cell, Weight]]) -> Tally:
        """The sums of the cells' weights; all weights under one name have the same length."""
        by_name: dict[str, list[Weight]] = {}
        for cell, weight in weights:
            if weight:
                by_name.setdefault(tally_name(cell), []).append(weight)
        sums = {name: [sum(parts) for parts in zip(*w, strict=True)] for name, w in by_name.items()}
        return cls({name: numbers for name, numbers in sums.items() if any(numbers)})

    def move(self, cell: Cell, before: Weight, after: Weight) -> None:
        """Replaces the weight that a cell had before by the one that it has after."""
        if before == after:
            return
        name = tally_name(cell)
        sums = self.sums.setdefault(name, [])
        size = max(len(before), len(after))
        if len(sums) < size:
            sums.extend([0] * (size - len(sums)))
        for i, number in enumerate(before):
            sums[i] -= number
        for i, number in enumerate(after):
            sums[i] += number
        if not any(sums):
            del self.sums[name]

    def of(self, view: str, indicator: str, part: str = "") -> list[int]:
        """The sums of one indicator in one view; empty where no cell has a weight."""
        return self.sums.get(f"{view}|{indicator}|{part}", [])


def tally_name(cell: Cell) -> str:
    """The name under which a cell is summed; exemptions and nil declarations have their own."""
    part = cell.field if cell.field in (EXEMPT, NIL) else ""
    return f"{cell.view}|{cell.indicator}|{part}"
