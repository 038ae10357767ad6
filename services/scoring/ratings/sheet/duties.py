"""Missing duties, nil declarations, and whether a thing that is done now still counts. Pure."""

from __future__ import annotations

from datetime import date

from contracts import moments
from contracts.messages import Message
from services.scoring.fold.cells import Cell, Coverage, is_on
from services.scoring.messages import message
from services.scoring.ratings.scores import Line, points_text
from services.scoring.ratings.sheet.model import (
    Doing,
    Duty,
    NearKey,
    NilOffer,
    SuccessorKey,
    Worth,
)
from services.scoring.ratings.sheet.numbers import figure
from services.scoring.ratings.sheet.trials import UnitYear
from services.scoring.ratings.sheet.worth import worth_of_key
from services.scoring.rubrics.model import Indicator, Side


def duty(
    unit_year: UnitYear,
    indicator: Indicator,
    cell: Cell,
    state: Coverage,
    near: tuple[NearKey, ...] | None = None,
) -> Duty:
    """A duty that is not fulfilled: what it is worth now and after its due day, in words too."""
    due = state.due
    overdue = due is not None and due < moments.local_day(unit_year.at)
    now = worth_of_key(unit_year, indicator, cell, unit_year.at)
    late = now
    if due is not None and not overdue:
        late = worth_of_key(unit_year, indicator, cell, moments.ordinal_start(due + 1))
    if unit_year.ended:
        text = message("missing-ended")
    else:
        text = _duty_text(indicator, due, overdue, now, late)
    successors = _successors(unit_year, cell)
    return Duty(cell.key, due, overdue, text, now, late.least, successors, near)


def _duty_text(
    indicator: Indicator, due: int | None, overdue: bool, now: Worth, late: Worth
) -> Message:
    if not now.possible:
        return message("missing-gone")
    least, most = figure(points_text(now.least)), figure(points_text(now.most))
    if now.least != now.most:
        return message("missing-range", least=least, most=most)
    if overdue:
        return message("missing-overdue", worth=least)
    if due is not None and indicator.late_credit < 1:
        return message("missing-dated", worth=least, late=figure(points_text(late.least)))
    return message("missing-plain")


def _successors(unit_year: UnitYear, cell: Cell) -> tuple[SuccessorKey, ...] | None:
    """Of a unit that has ended: who can still fulfil the duty, and under which key."""
    if not unit_year.ended:
        return None
    key = cell.key if "/" in cell.key else f"{unit_year.unit.key}/{cell.key}"
    return tuple(SuccessorKey(heir, key) for heir in unit_year.heirs)


def nil_offer(unit_year: UnitYear, line: Line) -> NilOffer | None:
    """What a nil declaration would bring an indicator that is empty; None where it brings none."""
    indicator, base = line.indicator, unit_year.base
    if line.empty not in ("zero", "exclude"):
        return None
    worth = base.declared_nil(indicator.id).total - base.total
    if worth <= 0:
        return None
    number, points = arose(unit_year, indicator), figure(points_text(worth))
    text = message("nil-untrue", worth=points) if number else message("nil-offer", worth=points)
    return NilOffer(indicator.id, worth, number, text)


def arose(unit_year: UnitYear, indicator: Indicator) -> int:
    """Of how many things of an indicator something is known that no later event took back.

    A fulfilled duty that was taken back, such as an overturned case, does not count.
    """
    number = 0
    for _, postings in unit_year.cells_of(indicator):
        was_obliged = any(posting.side == Side.OBLIGED for posting in postings)
        fulfilled = is_on(postings, Side.FULFILLED) and not was_obliged
        number += is_on(postings, Side.DONE) or fulfilled or is_on(postings, Side.OBLIGED)
    return number


def doing(unit_year: UnitYear) -> Doing:
    """Whether a thing that is done now still counts, and which year its events must name."""
    other_year = moments.local_year(unit_year.at) != unit_year.year
    begins = _begins(unit_year)
    if unit_year.ended:
        text = message("doing-ended")
    elif begins is not None:
        text = message("doing-begins", day=date.fromordinal(begins).isoformat())
    elif other_year:
        text = message("doing-year", year=unit_year.year)
    else:
        text = message("doing-counts")
    year = unit_year.year if other_year and not unit_year.ended else None
    return Doing(not unit_year.ended, begins, year, text)


def _begins(unit_year: UnitYear) -> int | None:
    """The day on which a unit begins that does not exist yet."""
    begins = unit_year.unit.begins
    return None if begins is None or begins <= unit_year.now else moments.local_day(begins)
