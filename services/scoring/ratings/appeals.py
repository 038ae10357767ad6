"""The appeals of a year: filed in time or not, decided and how, or waiting for it. Pure.

Source: YEAR.md section 2. An appeal is known by its unit and its key. It is in time when a filing
of it was recorded up to the end of the period of replies, also before the cut-off; while no period
has begun, every one is. One that was filed in the next year and names no year, within the period of
replies, was probably meant for this one, and waits as well. Retracted events are left out by the
caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from msgspec import UNSET

from contracts.envelope import Recorded
from services.scoring.fold.postings import order_of

FILED, DECIDED = "appeal.filed", "appeal.decided"
OUTCOMES = ("adjustment.decided", "exemption.approved")
"""The events by which a decision on an appeal takes effect, under the same decision number."""
EVENT_TYPES = frozenset((FILED, DECIDED, *OUTCOMES))
UNDECIDED = "undecided"
STATES = (UNDECIDED, "upheld", "rejected")


class EventId(NamedTuple):
    """The identity of an event."""

    source: str
    id: str


class AppealState(NamedTuple):
    """Where an appeal stands: `decision` is the number of the decision, `decided` its time.

    `outcome_events` are the adjustments and exemptions of the unit under that number.
    """

    in_time: bool
    state: str = UNDECIDED
    decision: str | None = None
    decided: int | None = None
    outcome_events: tuple[EventId, ...] = ()


class Appeal(NamedTuple):
    """An appeal of a unit: as it was filed first, by the order of recording, and where it stands.

    `filed` is the time that the unit gave, `recorded` when a door accepted it.
    """

    unit: str
    appeal: str
    reason: str
    filed: int
    recorded: int
    state: AppealState


Key = tuple[str, str]


def appeals(
    events: Iterable[Recorded], unit_of: Callable[[Recorded], str | None], reply_until: int | None
) -> list[Appeal]:
    """The appeals among the events of a year, by unit and key.

    `unit_of` is the key of an event's unit; None where its events are none of the year's.
    """
    filings: dict[Key, Recorded] = {}
    decisions: dict[Key, Recorded] = {}
    outcomes: dict[Key, list[Recorded]] = {}
    for event in sorted(events, key=order_of):
        unit, data = unit_of(event), event.event.data
        if unit is None:
            continue
        match event.kind.short:
            case "appeal.filed":
                first = filings.setdefault((unit, data.appeal), event)
                if event.recorded < first.recorded:
                    filings[unit, data.appeal] = event
            case "appeal.decided":
                decisions[unit, data.appeal] = event
            case short if short in OUTCOMES:
                outcomes.setdefault((unit, data.decision), []).append(event)
    return [
        _appeal(key, filing, decisions.get(key), outcomes, reply_until)
        for key, filing in sorted(filings.items())
    ]


def is_in_time(filing: Recorded, reply_until: int | None) -> bool:
    """Whether an appeal was recorded up to the end of the period of replies, if one has begun."""
    return reply_until is None or filing.recorded <= reply_until


def _appeal(
    key: Key, filing: Recorded, decision: Recorded | None,
    outcomes: Mapping[Key, list[Recorded]], reply_until: int | None,
) -> Appeal:  # fmt: skip
    unit, appeal = key
    state = AppealState(is_in_time(filing, reply_until))
    if decision is not None:
        data = decision.event.data
        followed = outcomes.get((unit, data.decision), ())
        state = state._replace(
            state=data.outcome, decision=data.decision, decided=decision.time,
            outcome_events=tuple(EventId(e.event.source, e.event.id) for e in followed),
        )  # fmt: skip
    return Appeal(unit, appeal, filing.event.data.reason, filing.time, filing.recorded, state)


class Period(Protocol):
    """A year and its period of replies, from `cut_off` to `reply_until`; None before it."""

    @property
    def year(self) -> int:
        """The rating year."""

    @property
    def cut_off(self) -> int | None:
        """Where the period began."""

    @property
    def reply_until(self) -> int | None:
        """Its end."""


class UndecidedAppeal(NamedTuple):
    """An appeal in time without a decision, by the key of its unit and its own key.

    `year_missing`: it names no year, and by its date belongs to the next one.
    """

    unit: str
    appeal: str
    year_missing: bool = False


def undecided(
    period: Period, events: Iterable[Recorded], rated_unit: Callable[[Recorded], str | None]
) -> list[UndecidedAppeal]:
    """The undecided appeals of a year, by unit.

    `events` are the filed and decided appeals of the year and of the next one that are not
    retracted. `rated_unit` is the key of an event's unit if it is rated in the year, else None:
    then it is none of the year's appeals.
    """
    of_year: dict[bool, list[Recorded]] = {True: [], False: []}
    for event in events:
        of_year[event.year == period.year].append(event)
    own = appeals(of_year[True], rated_unit, period.reply_until)
    waiting = {
        UndecidedAppeal(each.unit, each.appeal)
        for each in own
        if each.state.in_time and each.state.state == UNDECIDED
    }
    either = [*of_year[True], *of_year[False]]
    decided = {_key(event, rated_unit) for event in either if event.kind.short == DECIDED}
    missing = {
        _key(event, rated_unit)
        for event in of_year[False]
        if event.kind.short == FILED and _is_of_period(period, event)
    }
    waiting |= {
        UndecidedAppeal(unit, appeal, year_missing=True)
        for unit, appeal in missing - decided
        if unit is not None
    }
    return sorted(waiting)


def _key(event: Recorded, rated_unit: Callable[[Recorded], str | None]) -> tuple[str | None, str]:
    return rated_unit(event), event.event.data.appeal


def _is_of_period(period: Period, event: Recorded) -> bool:
    """Whether an appeal of the next year names no year and came in the period of replies."""
    until, begins = period.reply_until, period.cut_off
    return (
        event.event.data.year is UNSET
        and begins is not None
        and until is not None
        and begins < event.recorded
        and is_in_time(event, until)
    )
