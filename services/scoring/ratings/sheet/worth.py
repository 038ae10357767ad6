"""What doing a thing is worth, in points of the total: exactly what comes when it is done. Pure.

Where what comes depends on what is not known yet (the severity of a case, the form of an
activity), each outcome is told, and `worth` is the least of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts import moments
from contracts.catalog import CANONICAL
from contracts.messages import Message
from services.scoring.fold.cells import Cell, Coverage, is_on
from services.scoring.messages import message
from services.scoring.ratings.labels import in_both
from services.scoring.ratings.scores import Line, spelled
from services.scoring.ratings.sheet.numbers import figure
from services.scoring.ratings.sheet.trials import Act, Field, acts, doable
from services.scoring.rubrics.model import Indicator, Kind, Side

OUTCOMES_MAX = 64
NO_EVENT = ""


@dataclass(frozen=True)
class Worth:
    """By how many hundredths the total moves, by each event that would do the thing."""

    outcomes: tuple[tuple[Act, int], ...] = ()

    @property
    def least(self) -> int:
        """What comes at least; 0 where nothing does the thing any more."""
        return min((amount for _, amount in self.outcomes), default=0)

    @property
    def most(self) -> int:
        """What comes at most."""
        return max((amount for _, amount in self.outcomes), default=0)

    def members(self, field: Field) -> dict[str, Any]:
        """As the sheet has it: `outcomes` only where they differ."""
        if self.least == self.most:
            return {"worth": spelled(self.least)}
        told: dict[str, dict[str, Any]] = {}
        for act, amount in self.outcomes:
            data = act.decisive(field.relevant(act.short))
            type_ = CANONICAL[act.short].type
            told[repr((type_, data))] = {"type": type_, "data": data, "worth": spelled(amount)}
        return {
            "worth": spelled(self.least),
            "worth_most": spelled(self.most),
            "outcomes": list(told.values())[:OUTCOMES_MAX],
        }


def worth_of_key(field: Field, indicator: Indicator, cell: Cell, at: int) -> Worth:
    """What it is worth to fulfil the duty of this cell at an instant."""
    rules = [rule for rule in indicator.fulfilled if doable(rule, cell.field, cell.key, at)]
    return worth_of(field, (act for r in rules for act in acts(field, r, cell.key, at)))


def worth_of(field: Field, events: Iterable[Act]) -> Worth:
    """What each of these events is worth."""
    now = field.base.total
    return Worth(tuple((act, field.base.after(act).total - now) for act in events))


def worth_of_next(field: Field, indicator: Indicator) -> Worth:
    """What one thing more is worth of an indicator that counts things; by each event that adds
    one, or, where none can be added now, by the number alone."""
    if field.ended:
        return Worth()
    count = field.base.assessed.line(indicator.id).tally
    before = count[0] if count else 0
    found = []
    for rule in indicator.rules:
        for act in acts(field, rule, None, field.at):
            after = field.base.after(act).assessed
            tally = after.line(indicator.id).tally
            if (tally[0] if tally else 0) > before:
                found.append((act, after.total - field.base.total))
    if found:
        return Worth(tuple(found))
    moved = field.base.moved(field.view, indicator, (1,)).total
    return Worth(((Act(NO_EVENT, {}, field.at), moved - field.base.total),))


def missing_key(field: Field, indicator: Indicator, cell: Cell, state: Coverage) -> dict[str, Any]:
    """A duty that is not done: what it is worth now and when it is late, in words too."""
    due = state.due
    overdue = due is not None and due < moments.local_day(field.at)
    now = worth_of_key(field, indicator, cell, field.at)
    late = now
    if due is not None and not overdue:
        late = worth_of_key(field, indicator, cell, _end_of(due))
    text = _sentence(field, indicator, due is not None, overdue, now, late)
    return {
        "key": cell.key,
        "due": day(due),
        "overdue": overdue,
        **in_both(text),
        **now.members(field),
        "worth_late": spelled(late.least),
        **by_heirs(field, cell),
    }


def by_heirs(field: Field, cell: Cell) -> dict[str, Any]:
    """Of a unit that has ended: who can still do it, and under which key."""
    if not field.ended:
        return {}
    key = cell.key if "/" in cell.key else f"{field.unit.key}/{cell.key}"
    return {"by_successors": [{"unit": heir, "key": key} for heir in field.heirs]}


def day(ordinal: int | None) -> str | None:
    """A due day as the interface spells it."""
    return None if ordinal is None else date.fromordinal(ordinal).isoformat()


def _end_of(due: int) -> int:
    return moments.ordinal_start(due + 1)


def _sentence(
    field: Field, indicator: Indicator, dated: bool, overdue: bool, now: Worth, late: Worth
) -> Message:
    if field.ended:
        return message("missing-ended")
    if not now.outcomes:
        return message("missing-gone")
    least, most = figure(spelled(now.least)), figure(spelled(now.most))
    if now.least != now.most:
        return message("missing-range", least=least, most=most)
    if overdue:
        return message("missing-overdue", worth=least)
    if dated and indicator.late_credit < 1:
        return message("missing-dated", worth=least, late=figure(spelled(late.least)))
    return message("missing-plain")


def nil_members(field: Field, line: Line) -> dict[str, Any] | None:
    """What a nil declaration would bring an indicator that is empty; None where it brings none.

    `arose` is how many things did arise: then a declaration would not be true.
    """
    indicator = line.indicator
    if line.empty not in ("zero", "exclude") or indicator.kind in (Kind.QUOTA, Kind.MERIT):
        return None
    worth = field.base.declared_nil(indicator.id).total - field.base.total
    if worth <= 0:
        return None
    number, points = arose(field, indicator), figure(spelled(worth))
    text = message("nil-untrue", worth=points) if number else message("nil-offer", worth=points)
    return {"indicator": indicator.id, "worth": spelled(worth), "arose": number, **in_both(text)}


def arose(field: Field, indicator: Indicator) -> int:
    """Of how many things of an indicator something is known that no later word took back.

    What was done of a duty that was taken back, as of an overturned case, is none.
    """
    found = 0
    for cell, said in field.cells.items():
        if cell.indicator == indicator.id and cell.view == field.view:
            withdrawn = any(posting.side == Side.OBLIGED for posting in said)
            done = is_on(said, Side.DONE) or (is_on(said, Side.FULFILLED) and not withdrawn)
            found += done or is_on(said, Side.OBLIGED)
    return found


def doing(field: Field) -> dict[str, Any]:
    """Whether what is done now still counts for the year, and what its events must carry."""
    other_year = moments.local_year(field.at) != field.year
    begins = _begins(field)
    if field.ended:
        text = message("doing-ended")
    elif begins is not None:
        text = message("doing-begins", day=begins)
    elif other_year:
        text = message("doing-year", year=field.year)
    else:
        text = message("doing-counts")
    carried = field.year if other_year and not field.ended else None
    return {"counts": not field.ended, "from": begins, "year": carried, **in_both(text)}


def _begins(field: Field) -> str | None:
    """The day on which a unit begins that does not exist yet."""
    begins = field.unit.begins
    if begins is None or begins <= field.now:
        return None
    return date.fromordinal(moments.local_day(begins)).isoformat()
