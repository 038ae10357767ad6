"""What people decided and declared in a year, over all units: the council, and units themselves.

A sealed year answers as of the cut of its seal, as everywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded
from services.chassis.auth.credentials import Credential
from services.scoring.fold.postings import order_of
from services.scoring.queries import appeals as appeal_queries
from services.scoring.queries import as_of
from services.scoring.ratings.appeals import DECIDED, FILED
from services.scoring.ratings.report.model import UnitDecision
from services.scoring.ratings.sheet.model import Decision, SelfScore
from services.scoring.ratings.sheet.self_scores import self_score
from services.scoring.ratings.sheet.sheet import sheet_decisions
from services.scoring.readmodel.reader import Reading, may_read
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.rubrics.model import Indicator

COUNCIL_TYPES = frozenset(("adjustment.decided", "exemption.approved", "exemption.revoked"))
APPEAL_TYPES = frozenset((FILED, DECIDED))
"""They say which appeals a decision answered."""
SELF_SCORES = frozenset(("selfscore.submitted",))


class SelfScoredLine(NamedTuple):
    """An indicator with the unit's own score, and the computed one; None where it is left out."""

    indicator: Indicator
    own: SelfScore
    computed: int | None


class SelfScoredUnit(NamedTuple):
    """A unit that scored itself, by its key, with the lines that it scored."""

    unit: str
    name: str
    lines: tuple[SelfScoredLine, ...]


async def decisions_of(
    conn: AsyncConnection, snapshot: Snapshot, types: Collection[str]
) -> Sequence[Recorded]:
    """The decisions and declarations of these types in the set that the snapshot answers for."""
    year, until = snapshot.year, snapshot.until
    if until is None:
        return await appeal_queries.events(conn, year, types)
    targets = await as_of.retraction_targets(conn, until)
    decisions = await as_of.decisions(conn, year, until, targets)
    return [event for event in decisions if event.kind.short in types]


async def council_decisions(
    reading: Reading, year: int, reader: Credential
) -> tuple[Snapshot, list[UnitDecision]]:
    """The adjustments and exemptions of the units that the reader may see, newest first."""
    snapshot, by_unit = await _by_unit(reading, year, reader, COUNCIL_TYPES | APPEAL_TYPES)
    found = [
        UnitDecision(unit, _name(snapshot, unit), decision, _indicator(snapshot, unit, decision))
        for unit, events in by_unit.items()
        for decision in sheet_decisions(events)
        if decision.type in COUNCIL_TYPES
    ]
    found.sort(key=lambda each: (each.decision.recorded, each.unit, each.decision.id), reverse=True)
    return snapshot, found


async def self_scored_units(
    reading: Reading, year: int, reader: Credential
) -> tuple[Snapshot, list[SelfScoredUnit]]:
    """The units that scored themselves and that the reader may see, by key."""
    snapshot, by_unit = await _by_unit(reading, year, reader, SELF_SCORES)
    units = (
        SelfScoredUnit(unit, _name(snapshot, unit), tuple(_lines(snapshot, unit, events)))
        for unit, events in sorted(by_unit.items())
    )
    return snapshot, [each for each in units if each.lines]


async def _by_unit(
    reading: Reading, year: int, reader: Credential, types: Collection[str]
) -> tuple[Snapshot, dict[str, list[Recorded]]]:
    current, snapshot = await reading.snapshots.of(year), await reading.snapshot(year)
    async with reading.db.read() as conn:
        events = await decisions_of(conn, snapshot, types)
    unit_of = appeal_queries.rated_unit(year, snapshot.registry, snapshot.rubrics)
    by_unit: dict[str, list[Recorded]] = {}
    for event in sorted(events, key=order_of):
        unit = unit_of(event)
        if unit in snapshot.standings and may_read(current, unit, reader):
            by_unit.setdefault(unit, []).append(event)
    return snapshot, by_unit


def _lines(snapshot: Snapshot, unit: str, events: Sequence[Recorded]) -> Iterator[SelfScoredLine]:
    decisions = sheet_decisions(events)
    for line in snapshot.standings[unit].assessment.lines:
        own = self_score(decisions, line)
        if own is not None:
            yield SelfScoredLine(line.indicator, own, line.score if line.counts else None)


def _name(snapshot: Snapshot, unit: str) -> str:
    return snapshot.registry.units[unit].name_in(snapshot.year)


def _indicator(snapshot: Snapshot, unit: str, decision: Decision) -> Indicator | None:
    rubric = snapshot.standings[unit].assessment.rubric
    return rubric.by_id.get(str(decision.values.get("indicator", "")))
