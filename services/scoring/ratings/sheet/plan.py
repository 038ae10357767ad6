"""The steps by which a unit itself can still reach a class. Pure.

A plan is found by trials: everything that can be done of an indicator is added, the most useful
first, until the class is reached, and then each part is cut to what is needed. So a plan is
sufficient, and no step of it is idle, though a shorter one may exist. What others decide
(recognitions, awards, opinions, the handling of a case) is in no plan; points that must come from
there are `points_more`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from contracts.catalog import CANONICAL
from contracts.messages import Message
from services.scoring.messages import message
from services.scoring.ratings.assessment import Assessment
from services.scoring.ratings.sheet.duties import arose
from services.scoring.ratings.sheet.model_next_class import EventTemplate, PlanStep
from services.scoring.ratings.sheet.own_events import duty_events, thing_events
from services.scoring.ratings.sheet.trials import TrialEvent, TrialState, UnitYear
from services.scoring.rubrics.kinds import Kind
from services.scoring.rubrics.model import Indicator

EVENTS_MAX = 200
"""The most events of one indicator in a plan."""
KEYS_SHOWN = 10


class HasClass(Protocol):
    """Whether an assessment, with its total or another, has the class that is to be reached."""

    def __call__(self, assessed: Assessment, total: int | None = None) -> bool: ...


class PlanPart(NamedTuple):
    """What can be done of one indicator, in this order; without events a nil declaration."""

    indicator: Indicator
    events: tuple[TrialEvent, ...] = ()

    @property
    def size(self) -> int:
        """How many steps the part has."""
        return len(self.events) or 1


@dataclass(frozen=True)
class Plan:
    """Parts with how many steps of each; `more` are hundredths that must come from elsewhere."""

    parts: tuple[tuple[PlanPart, int], ...] = ()
    more: int = 0
    reachable: bool = False

    def steps(self, unit_year: UnitYear) -> tuple[PlanStep, ...]:
        """The steps as a sheet has them."""
        return tuple(_step(unit_year, part, count) for part, count in self.parts)


def plan_for(unit_year: UnitYear, free: TrialState, has_class: HasClass, needed_total: int) -> Plan:
    """The steps from the state `free` to a class; `needed_total` is enough for band and share."""
    if has_class(free.assessed):
        return Plan(reachable=True)
    if unit_year.ended:
        return Plan()
    states = [free]
    parts = _ordered(free, _parts(unit_year))
    for part in parts:
        states.append(_with(states[-1], part, part.size))
        if has_class(states[-1].assessed):
            return Plan(_trim(states, parts, lambda state: has_class(state.assessed)), 0, True)
    more = needed_total - states[-1].total
    # a rubric may have a band above its maximum: nothing reaches that
    beyond = needed_total > unit_year.rubric.maximum * 100
    if more <= 0 or beyond or not has_class(states[-1].assessed, needed_total):
        return Plan(tuple((part, part.size) for part in parts))

    def enough(state: TrialState) -> bool:
        highest = max(state.total, needed_total)
        return needed_total - state.total <= more and has_class(state.assessed, highest)

    return Plan(_trim(states, parts, enough), more, True)


def _trim(
    states: Sequence[TrialState], parts: Sequence[PlanPart], enough: Callable[[TrialState], bool]
) -> tuple[tuple[PlanPart, int], ...]:
    """As little of each part as is enough, the least useful cut first, each by bisection.

    `states` are those before each part, and after the last that is needed.
    """
    trimmed: list[tuple[PlanPart, int]] = []
    for place in range(len(states) - 2, -1, -1):
        part, least, state = parts[place], 0, states[place]
        for other, count in trimmed:
            state = _with(state, other, count)
        most = part.size
        while least < most:
            middle = (least + most) // 2
            if enough(_with(state, part, middle)):
                most = middle
            else:
                least = middle + 1
        trimmed.append((part, most))
    return tuple((part, count) for part, count in reversed(trimmed) if count)


def _with(state: TrialState, part: PlanPart, count: int) -> TrialState:
    if part.events:
        return state.after(*part.events[:count])
    return state.declared_nil(part.indicator.id) if count else state


def _ordered(free: TrialState, parts: Sequence[PlanPart]) -> list[PlanPart]:
    """The parts that raise something, those with most points a step first.

    Work stands before nil declarations, of which nobody knows yet whether they would be true.
    """
    before, ranked = free.assessed, []
    for part in parts:
        after = _with(free, part, part.size).assessed
        gain = after.total - before.total
        own = after.line(part.indicator.id).quantity != before.line(part.indicator.id).quantity
        if gain > 0 or own:
            ranked.append(((not part.events, -gain / part.size), part))
    return [part for _, part in sorted(ranked, key=lambda pair: pair[0])]


def _parts(unit_year: UnitYear) -> list[PlanPart]:
    parts = []
    for line in unit_year.base.assessed.lines:
        indicator = line.indicator
        if not indicator.kind.basic or line.empty == "exempt":
            continue
        events = _OWN_EVENTS[indicator.kind](unit_year, indicator, EVENTS_MAX)
        if events:
            parts.append(PlanPart(indicator, tuple(events)))
        elif line.empty in ("zero", "exclude") and not arose(unit_year, indicator):
            parts.append(PlanPart(indicator))
    return parts


def _no_events(unit_year: UnitYear, indicator: Indicator, most: int) -> list[TrialEvent]:
    """Opinions, totals, recognitions and deductions are not a unit's to bring about."""
    return []


_OWN_EVENTS: dict[Kind, Callable[[UnitYear, Indicator, int], list[TrialEvent]]] = {
    Kind.COVERAGE: duty_events,
    Kind.QUOTA: thing_events,
    Kind.MEAN: _no_events,
    Kind.SHARE: _no_events,
    Kind.MERIT: _no_events,
    Kind.BONUS: _no_events,
    Kind.DEDUCTION: _no_events,
}
"""By kind, the events by which a unit itself can raise an indicator."""


def _step(unit_year: UnitYear, part: PlanPart, count: int) -> PlanStep:
    """What to do of one indicator, with the events that report it."""
    indicator, events = part.indicator, part.events[:count]
    if not events:
        template = EventTemplate(CANONICAL["declaration.nil"].type, {"indicator": indicator.id})
        text = message("step-nil", name=indicator.vi)
        return PlanStep(indicator, "declare", count, (template,), text)
    templates = tuple(unit_year.template(event) for event in events)
    if indicator.kind.has_duties:
        return PlanStep(indicator, "fulfil", count, templates, _duties_text(indicator, events))
    text = message("step-things", name=indicator.vi, count=count)
    return PlanStep(indicator, "add", count, templates, text)


def _duties_text(indicator: Indicator, events: Sequence[TrialEvent]) -> Message:
    keys = [event.key for event in events[:KEYS_SHOWN] if event.key is not None]
    listed = ", ".join(keys) + (", …" if len(events) > KEYS_SHOWN else "")
    return message("step-duties", name=indicator.vi, count=len(events), keys=listed)
