"""Cells: what is said about one key, what it weighs, and tallies as sums of weights. Pure.

A cell is everything said about one key of one indicator in one view of a unit's year; its weight
is a tuple of integers, and a tally is the sum of its cells' weights. Nothing here knows batches,
databases or clocks (SCORING.md sections 3 and 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Literal, NamedTuple

import msgspec

from contracts import moments
from services.scoring.fold.registry import Order
from services.scoring.rubrics.model import Indicator, Kind, Rubric, Side

OWN, POOLED = "own", "pooled"
EXEMPT, NIL, ADJUSTMENT = "$exempt", "$nil", "$adjustment"
DAY = 86_400_000_000
# A member is looked up once: through its class each look costs as much as a call.
OBLIGED, FULFILLED, DONE = Side.OBLIGED, Side.FULFILLED, Side.DONE

Weight = tuple[int, ...]
Status = Literal["off", "left_out", "missing", "late", "on_time"]


class Cell(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """What a posting speaks about: the field keeps award 1 and model 1 apart."""

    view: str
    indicator: str
    field: str
    key: str


class Posting(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one event says about one cell. `due` is the ordinal of a +07:00 date."""

    side: str
    order: Order
    sets: bool
    value: int = 0
    weight: int = 0
    due: int | None = None
    marks: int = 0


class Horizon(NamedTuple):
    """Where a unit's year ends (instant), and from which due day on a closing rating is free."""

    end: int
    due_free: int | None


class _State(msgspec.Struct, frozen=True, gc=False):
    first: Posting
    latest: Posting
    highest: int


_order = attrgetter("order")


def _state(postings: Sequence[Posting], side: str) -> _State | None:
    """The fact that one side of a cell states, or None where it is off."""
    if len(postings) == 1:
        one = postings[0]
        return _State(one, one, one.value) if one.side == side and one.sets else None
    ordered = [posting for posting in postings if posting.side == side]
    if len(ordered) > 1:
        ordered.sort(key=_order)
    if not ordered or not ordered[-1].sets:
        return None
    start = len(ordered) - 1
    while start and ordered[start - 1].sets:
        start -= 1
    standing = ordered[start:]
    return _State(standing[0], standing[-1], max(p.value for p in standing))


def is_on(postings: Sequence[Posting], side: str) -> bool:
    """Whether one side of a cell states a fact."""
    return _state(postings, side) is not None


def weigh(rubric: Rubric, cell: Cell, postings: Sequence[Posting], horizon: Horizon) -> Weight:
    """What a cell adds to its indicator's tally; () where it adds nothing.

    coverage (obliged, on time, late); quota (n); mean (n, sum/10,000); share (numerators,
    denominators); merit, bonus, deduction (n, sum in 1/denominator, then n by ceiling).
    """
    if cell.indicator != ADJUSTMENT and cell.field not in (EXEMPT, NIL):
        indicator = rubric.by_id[cell.indicator]
        return _WEIGHERS[indicator.kind](indicator, postings, horizon)
    state = _state(postings, DONE)
    return () if state is None else (1, state.latest.value)


class Covered(msgspec.Struct, frozen=True, gc=False):
    """How a coverage key stands: off, left_out, missing, late or on_time; `due` as an ordinal."""

    status: Status
    due: int | None = None


_COVERAGE_WEIGHTS: dict[Status, Weight] = {
    "off": (),
    "left_out": (),
    "missing": (1, 0, 0),
    "late": (1, 0, 1),
    "on_time": (1, 1, 0),
}


def covered(indicator: Indicator, postings: Sequence[Posting], horizon: Horizon) -> Covered:
    """How one key of a coverage indicator stands (SCORING.md sections 4 and 6)."""
    obliged = _state(postings, OBLIGED)
    if obliged is None:
        return Covered("off")
    due = obliged.first.due
    if horizon.due_free is not None and due is not None and due >= horizon.due_free:
        return Covered("left_out", due)
    fulfilled = _state(postings, FULFILLED)
    if fulfilled is None:
        days = indicator.grace_days
        graced = days is not None and obliged.first.order.time > horizon.end - days * DAY
        return Covered("left_out" if graced else "missing", due)
    late = due is not None and moments.local_day(fulfilled.first.order.time) > due
    return Covered("late" if late else "on_time", due)


def _duty(indicator: Indicator, postings: Sequence[Posting], horizon: Horizon) -> Weight:
    return _COVERAGE_WEIGHTS[covered(indicator, postings, horizon).status]


def _thing(indicator: Indicator, postings: Sequence[Posting], horizon: Horizon) -> Weight:
    return () if _state(postings, DONE) is None else (1,)


def _mark(indicator: Indicator, postings: Sequence[Posting], horizon: Horizon) -> Weight:
    state = _state(postings, DONE)
    return () if state is None else (1, state.latest.value)


def _part(indicator: Indicator, postings: Sequence[Posting], horizon: Horizon) -> Weight:
    state = _state(postings, DONE)
    return () if state is None else (state.latest.value, state.latest.weight)


def _points(indicator: Indicator, postings: Sequence[Posting], horizon: Horizon) -> Weight:
    state = _state(postings, DONE)
    if state is None:
        return ()
    value = state.highest if indicator.pick_highest else state.latest.value
    ceilings = (state.latest.marks >> i & 1 for i in range(len(indicator.ceilings)))
    return (1, value, *ceilings)


_WEIGHERS: dict[Kind, Callable[[Indicator, Sequence[Posting], Horizon], Weight]] = {
    Kind.COVERAGE: _duty,
    Kind.QUOTA: _thing,
    Kind.MEAN: _mark,
    Kind.SHARE: _part,
    Kind.MERIT: _points,
    Kind.BONUS: _points,
    Kind.DEDUCTION: _points,
}


class Tally:
    """Sums of weights by (view, indicator, field class): a cache of the facts, never the truth."""

    __slots__ = ("sums",)

    def __init__(self, sums: dict[str, list[int]] | None = None) -> None:
        self.sums = sums if sums is not None else {}

    @classmethod
    def of_cells(cls, weights: Iterable[tuple[Cell, Weight]]) -> Tally:
        """The sums of what each cell adds; the weights of one sum have one length."""
        summed: dict[str, list[Weight]] = {}
        for cell, weight in weights:
            if weight:
                summed.setdefault(tally_name(cell), []).append(weight)
        sums = {name: [sum(parts) for parts in zip(*w, strict=True)] for name, w in summed.items()}
        return cls({name: numbers for name, numbers in sums.items() if any(numbers)})

    def move(self, cell: Cell, before: Weight, after: Weight) -> None:
        """Replace what a cell added before by what it adds now."""
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
        """The sums of one indicator in one view; empty where nothing is on."""
        return self.sums.get(f"{view}|{indicator}|{part}", [])


def tally_name(cell: Cell) -> str:
    """Under which name a cell is summed: exemptions and nil declarations apart."""
    part = cell.field if cell.field in (EXEMPT, NIL) else ""
    return f"{cell.view}|{cell.indicator}|{part}"
