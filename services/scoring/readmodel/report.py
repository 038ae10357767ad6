"""The council's report on a year, put together from two snapshots and the decisions between.

What depends on the fold alone stays in memory until its next commit, for the years that were asked
for last. The quarantine is read each time, since an operator settles entries without a commit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from services.chassis.auth.credentials import Credential
from services.scoring.errors import YearUnknown
from services.scoring.queries import quarantine as quarantine_queries
from services.scoring.queries import years as year_queries
from services.scoring.ratings.labels import KINDS
from services.scoring.ratings.report.duties import unit_duties
from services.scoring.ratings.report.model import (
    LateEvents,
    QuarantinedEvents,
    Report,
    StageStep,
    UnitAppeal,
)
from services.scoring.ratings.report.movements import class_counts, movements
from services.scoring.readmodel.appeals import appeal_page
from services.scoring.readmodel.computing import compute_by_size
from services.scoring.readmodel.coverage import targets
from services.scoring.readmodel.decisions import council_decisions
from services.scoring.readmodel.moment import NOW
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.recent import Recent
from services.scoring.readmodel.snapshot import FEW_UNITS, Snapshot
from services.scoring.store import doors
from services.scoring.year.stages import SEALED

REPORTS_MAX = 4
ALL = 1_000_000
"""A list without pages."""


@dataclass(frozen=True)
class _CachedReport:
    """A report with the snapshots and the commit that it is of."""

    now: Snapshot
    before: Snapshot
    stamp: int
    report: Report

    def fits(self, now: Snapshot, before: Snapshot, stamp: int) -> bool:
        """Whether nothing was folded since."""
        return self.now is now and self.before is before and self.stamp == stamp


@dataclass
class Reports:
    """The reports of the years; at most REPORTS_MAX stay in memory."""

    reading: Reading
    _reports: Recent[int, _CachedReport] = field(default_factory=lambda: Recent(REPORTS_MAX))

    async def of(self, year: int, reader: Credential) -> Report:
        """The report of a year for a reader of all units; YearUnknown where nothing rates it."""
        reading = self.reading
        live = await reading.snapshots.of(year)
        now, before = await reading.versions.behind(live, NOW), await reading.snapshot(year - 1)
        if not now.rubrics.of_year(year) and not now.state.decisions:
            raise YearUnknown(year)
        stamp, cached = live.stamp, self._reports.get(year)
        if cached is None or not cached.fits(now, before, stamp):
            cached = _CachedReport(now, before, stamp, await self._report(now, before, reader))
        self._reports.keep(year, cached)
        ended = reading.clock() >= moments.year_start(year + 1)
        return structs.replace(
            cached.report, ended=ended, quarantined=await self._quarantined(year)
        )  # fmt: skip

    async def _report(self, now: Snapshot, before: Snapshot, reader: Credential) -> Report:
        _, decisions = await council_decisions(self.reading, now.year, reader)
        appeals = await appeal_page(self.reading, now.year, reader, None, None, ALL)
        late = await self._late(now)
        few = len(now.standings) < FEW_UNITS
        figures = await compute_by_size(few, figures_of, now, before)
        names = now.registry.units
        return structs.replace(
            figures, decisions=tuple(decisions), late=late,
            appeals=tuple(
                UnitAppeal(names[each.unit].name_in(now.year), each) for each in appeals.items
            ),
        )  # fmt: skip

    async def _late(self, now: Snapshot) -> tuple[LateEvents, ...] | None:
        """What was recorded after the cut of the seal, by door and type; None without a seal."""
        seal = now.state.seal
        if now.stage != SEALED or seal is None or seal.cut is None:
            return None
        async with self.reading.db.read() as conn:
            names = await _door_names(conn)
            rows = await year_queries.late_by_type(conn, now.year, seal.cut)
        return tuple(LateEvents(names.get(door), type_, number) for door, type_, number in rows)

    async def _quarantined(self, year: int) -> tuple[QuarantinedEvents, ...]:
        """What came into quarantine in the year, by door, reason and state."""
        start, end = moments.year_start(year), moments.year_start(year + 1)
        async with self.reading.db.read() as conn:
            names = await _door_names(conn)
            rows = await quarantine_queries.by_door(conn, start, end)
        return tuple(
            QuarantinedEvents(names.get(door), reason, state, number)
            for door, reason, state, number in rows
        )


async def _door_names(conn: AsyncConnection) -> Mapping[int | None, str]:
    return {door.id: door.name for door in await doors.load(conn)}


def figures_of(now: Snapshot, before: Snapshot) -> Report:
    """What follows from the two snapshots: linear in the lines of all units."""
    names = _names(before, before.standings) | _names(now, now.standings)
    predecessors = {key: _predecessors(now, key) for key in now.standings}
    steps = tuple(
        StageStep(each.stage, each.version, each.decision, each.date, each.at)
        for each in now.state.decisions
    )
    return Report(
        year=now.year,
        stage=now.stage,
        version=now.version,
        until=now.until,
        ended=False,
        units=len(now.standings),
        units_before=len(before.standings),
        targets=targets(now),
        classes=tuple(class_counts(now.standings, before.standings, KINDS)),
        movements=movements(now.standings, before.standings, names),
        steps=steps,
        decisions=(),
        appeals=(),
        late=None,
        quarantined=(),
        duties=tuple(unit_duties(now.standings, before.standings, names, predecessors)),
    )


def _names(snapshot: Snapshot, keys: Mapping[str, object]) -> dict[str, str]:
    return {key: snapshot.registry.units[key].name_in(snapshot.year) for key in keys}


def _predecessors(snapshot: Snapshot, key: str) -> Sequence[str]:
    return sorted(snapshot.registry.predecessors(key))
