"""What doing a thing is worth, in points of the total: exactly what comes when it is done. Pure.

Where it depends on what is not known yet (the severity of a case, the form of an activity), every
outcome is listed, and `worth` is the least of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.scoring.fold.cells import Cell
from services.scoring.ratings.sheet.model import EventWorth, Worth
from services.scoring.ratings.sheet.trial_events import can_fulfil, trial_events
from services.scoring.ratings.sheet.trials import TrialEvent, UnitYear
from services.scoring.rubrics.model import Indicator

OUTCOMES_MAX = 64


def worth_of_key(unit_year: UnitYear, indicator: Indicator, cell: Cell, at: int) -> Worth:
    """What it is worth to fulfil the duty of this cell at an instant."""
    rules = [rule for rule in indicator.fulfilled if can_fulfil(rule, cell.field, cell.key, at)]
    return worth_of_events(
        unit_year,
        (event for rule in rules for event in trial_events(unit_year, rule, cell.key, at)),
    )


def worth_of_events(unit_year: UnitYear, events: Iterable[TrialEvent]) -> Worth:
    """What it is worth to send one of these events."""
    base = unit_year.base
    return _worth(unit_year, [(event, base.after(event).total - base.total) for event in events])


def worth_of_next(unit_year: UnitYear, indicator: Indicator) -> Worth:
    """What one thing more is worth of an indicator that counts things.

    By each event that adds one, or, where none can be added now, by the number alone.
    """
    if unit_year.ended:
        return Worth()
    base = unit_year.base
    before = _count(base.assessed.line(indicator.id).tally)
    ways = []
    for rule in indicator.rules:
        for event in trial_events(unit_year, rule, None, unit_year.at):
            after = base.after(event).assessed
            if _count(after.line(indicator.id).tally) > before:
                ways.append((event, after.total - base.total))
    if ways:
        return _worth(unit_year, ways)
    amount = base.added(unit_year.view, indicator, (1,)).total - base.total
    return Worth(amount, amount, True)


def _worth(unit_year: UnitYear, ways: Sequence[tuple[TrialEvent, int]]) -> Worth:
    """The outcomes where they differ, events with the same decisive data as one."""
    amounts = [amount for _, amount in ways]
    least, most = min(amounts, default=0), max(amounts, default=0)
    outcomes: dict[str, EventWorth] = {}
    for event, amount in ways if least != most else ():
        template = unit_year.template(event)
        outcomes[repr((template.type, template.data))] = EventWorth(template, amount)
    return Worth(least, most, bool(ways), tuple(outcomes.values())[:OUTCOMES_MAX])


def _count(sums: Sequence[int]) -> int:
    return sums[0] if sums else 0
