"""The events by which a unit itself can raise an indicator: what no plan leaves to others. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from contracts import moments
from services.scoring.fold.cells import Cell, coverage
from services.scoring.ratings.sheet.trial_events import can_fulfil, trial_events
from services.scoring.ratings.sheet.trials import TrialEvent, TrialState, UnitYear
from services.scoring.rubrics.model import Indicator


def duty_events(unit_year: UnitYear, indicator: Indicator, most: int) -> list[TrialEvent]:
    """Events for the duties that are missing or left out, those first that are still on time."""
    today, entries = moments.local_day(unit_year.at), []
    for cell, postings in unit_year.cells_of(indicator):
        state = coverage(indicator, postings, unit_year.until)
        if state.status in ("missing", "left_out"):
            event = _best_event(unit_year, indicator, cell)
            if event is not None:
                overdue = state.due is not None and state.due < today
                entries.append((overdue, cell.key, event))
    return [event for _, _, event in sorted(entries, key=lambda entry: entry[:2])][:most]


def _best_event(unit_year: UnitYear, indicator: Indicator, cell: Cell) -> TrialEvent | None:
    """Of the events that fulfil a duty the one with most points."""
    at = unit_year.at
    rules = [rule for rule in indicator.fulfilled if can_fulfil(rule, cell.field, cell.key, at)]
    events = (event for rule in rules for event in trial_events(unit_year, rule, cell.key, at))
    events = (event for event in events if unit_year.is_own(event.short))
    return max(events, key=lambda event: unit_year.base.after(event).total, default=None)


def thing_events(unit_year: UnitYear, indicator: Indicator, most: int) -> list[TrialEvent]:
    """Events for things more up to the target, each under a key of its own."""
    need = (indicator.target - _count(unit_year.base, indicator)).__ceil__()
    state, events = unit_year.base, list[TrialEvent]()
    for number in range(1, min(need, most) + 1):
        ways = list(_ways(unit_year, indicator, state, f"new-{number}"))
        if not ways:
            break
        event, state = max(ways, key=lambda way: _things(way[1]))
        events.append(event)
    return events


def _ways(
    unit_year: UnitYear, indicator: Indicator, state: TrialState, key: str
) -> Iterable[tuple[TrialEvent, TrialState]]:
    """The unit's own events that add one thing, each with the state after it."""
    for rule in indicator.rules:
        if any(unit_year.is_own(short) for short in rule.sets):
            for event in trial_events(unit_year, rule, None, unit_year.at, key):
                if unit_year.is_own(event.short):
                    after = state.after(event)
                    if _count(after, indicator) > _count(state, indicator):
                        yield event, after


def _count(state: TrialState, indicator: Indicator) -> int:
    sums = state.tally.of(state.unit_year.view, indicator.id)
    return sums[0] if sums else 0


def _things(state: TrialState) -> int:
    """How many things all indicators count: of two events the one that serves more is better."""
    counting = (i for i in state.unit_year.rubric.indicators if i.kind.counts_things)
    return sum(_count(state, indicator) for indicator in counting)
