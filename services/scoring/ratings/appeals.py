"""The appeals of a year: filed in time or not, what was decided, and what followed from it. Pure.

Source: YEAR.md section 2. An appeal is known by its unit and its key. It is in time when a filing
of it was recorded up to the end of the period of replies, also before the cut-off; while no period
has begun, every one is. Retracted events are left out by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

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


def _appeal(
    key: Key, filing: Recorded, decision: Recorded | None,
    outcomes: Mapping[Key, list[Recorded]], reply_until: int | None,
) -> Appeal:  # fmt: skip
    unit, appeal = key
    state = AppealState(reply_until is None or filing.recorded <= reply_until)
    if decision is not None:
        data = decision.event.data
        followed = outcomes.get((unit, data.decision), ())
        state = state._replace(
            state=data.outcome, decision=data.decision, decided=decision.time,
            outcome_events=tuple(EventId(e.event.source, e.event.id) for e in followed),
        )  # fmt: skip
    return Appeal(unit, appeal, filing.event.data.reason, filing.time, filing.recorded, state)
