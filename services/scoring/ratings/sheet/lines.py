"""One indicator of a sheet: its state in words, what is missing by key, and what that is worth.

Pure. Scores are the indicator's own; every `worth` is in points of the total, re-based, cut and
rounded, so that doing a thing moves the total by exactly what the sheet says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from services.scoring.fold.cells import Cell, Coverage, Posting, Status, coverage, weigh
from services.scoring.messages import message
from services.scoring.ratings.scores import Line
from services.scoring.ratings.sheet.cuts import line_cut
from services.scoring.ratings.sheet.duties import duty, nil_offer
from services.scoring.ratings.sheet.keys import DutyKeys
from services.scoring.ratings.sheet.model import (
    CoverageDetails,
    Item,
    Items,
    LateDuty,
    LineDetails,
    MeanDetails,
    NextStep,
    QuotaDetails,
    ShareDetails,
    SheetLine,
    SumDetails,
)
from services.scoring.ratings.sheet.scale import advance_of, scale
from services.scoring.ratings.sheet.states import count, earned, line_state, parts
from services.scoring.ratings.sheet.trials import Cells, UnitYear
from services.scoring.ratings.sheet.worth import worth_of_next
from services.scoring.rubrics.kinds import Kind

KEYS_MAX = 500


class Facts(NamedTuple):
    """A line with the cells of its indicator, and the keys of all duties of the unit."""

    unit_year: UnitYear
    line: Line
    cells: Cells
    keys: DutyKeys


def indicator_line(unit_year: UnitYear, line: Line, keys: DutyKeys) -> SheetLine:
    """The line of one indicator."""
    indicator = line.indicator
    cells = dict(unit_year.cells_of(indicator))
    details = _DETAILS[indicator.kind](Facts(unit_year, line, cells, keys))
    left_out = details.left_out_total if isinstance(details, CoverageDetails) else 0
    return SheetLine(
        line, scale(unit_year, line), line_cut(line), nil_offer(unit_year, line),
        line_state(line, left_out), details,
    )  # fmt: skip


def _coverage(facts: Facts) -> CoverageDetails:
    unit_year, line, keys = facts.unit_year, facts.line, facts.keys
    indicator = line.indicator
    by_status: dict[Status, list[tuple[Cell, Coverage]]] = {}
    for cell, postings in sorted(facts.cells.items(), key=_by_key):
        state = coverage(indicator, postings, unit_year.until)
        by_status.setdefault(state.status, []).append((cell, state))
    missing, late = by_status.get("missing", []), by_status.get("late", [])
    left_out = by_status.get("left_out", [])
    unannounced, unannounced_total = keys.unannounced(indicator.id)
    return CoverageDetails(
        on_time_total=len(by_status.get("on_time", [])),
        late_total=len(late),
        missing_total=len(missing),
        left_out_total=len(left_out),
        missing=tuple(
            duty(unit_year, indicator, cell, state, keys.near_missing(cell))
            for cell, state in missing[:KEYS_MAX]
        ),
        left_out=tuple(
            duty(unit_year, indicator, cell, state)
            for cell, state in _graced(unit_year, left_out)[:KEYS_MAX]
        ),
        late=tuple(_late_duty(facts, cell, state) for cell, state in late[:KEYS_MAX]),
        next_step=_next_step(unit_year, line),
        unannounced=unannounced,
        unannounced_total=unannounced_total,
    )


def _by_key(pair: tuple[Cell, Sequence[Posting]]) -> tuple[str, str]:
    return pair[0].key, pair[0].field


def _graced(
    unit_year: UnitYear, left_out: Sequence[tuple[Cell, Coverage]]
) -> list[tuple[Cell, Coverage]]:
    """The duties that are left out for their grace; others a closing rating takes off the unit."""
    free = unit_year.until.due_free
    return [
        (cell, state) for cell, state in left_out
        if free is None or state.due is None or state.due < free
    ]  # fmt: skip


def _late_duty(facts: Facts, cell: Cell, state: Coverage) -> LateDuty:
    """A duty that was fulfilled late: nothing more comes of it."""
    base = facts.unit_year.base
    on_time = base.added(facts.unit_year.view, facts.line.indicator, (0, 1, -1)).total
    return LateDuty(cell.key, state.due, message("key-late"), on_time - base.total)


def _next_step(unit_year: UnitYear, line: Line) -> NextStep | None:
    """How many duties bring the next points of a scale; None where nothing does."""
    following = advance_of(unit_year, line)
    if following is None or following.needed is None:
        return None
    after = unit_year.base.added(unit_year.view, line.indicator, following.more)
    return NextStep(following.needed, after.total - unit_year.base.total)


def _quota(facts: Facts) -> QuotaDetails:
    indicator, number = facts.line.indicator, count(facts.line)
    missing = max(0, (indicator.target - number).__ceil__())
    worth = worth_of_next(facts.unit_year, indicator)
    return QuotaDetails(number, indicator.target, missing, worth, _items(facts))


def _mean(facts: Facts) -> MeanDetails:
    number = count(facts.line)
    return MeanDetails(number, max(0, facts.line.indicator.minimum - number), _items(facts))


def _share(facts: Facts) -> ShareDetails:
    part, whole = parts(facts.line)
    return ShareDetails(max(0, (whole - part).__ceil__()), _items(facts))


def _sum(facts: Facts) -> SumDetails:
    return SumDetails(count(facts.line), earned(facts.line), _items(facts))


_DETAILS: dict[Kind, Callable[[Facts], LineDetails]] = {
    Kind.COVERAGE: _coverage,
    Kind.QUOTA: _quota,
    Kind.MEAN: _mean,
    Kind.SHARE: _share,
    Kind.MERIT: _sum,
    Kind.BONUS: _sum,
    Kind.DEDUCTION: _sum,
}
"""By kind, the details of a line."""


def _items(facts: Facts) -> Items:
    """The keys that count, each with its points where points are summed."""
    unit_year, indicator = facts.unit_year, facts.line.indicator
    items = []
    for cell, postings in sorted(facts.cells.items()):
        weight = weigh(unit_year.rubric, cell, postings, unit_year.until)
        if weight:
            priced = indicator.kind.counts_points
            points = Fraction(weight[1], indicator.denominator) if priced else None
            items.append(Item(cell.key, points))
    return Items(tuple(items[:KEYS_MAX]), len(items))
