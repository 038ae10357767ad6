"""What each unit did last in a year, and which are silent: from one lookup for each unit."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from contracts import moments
from services.scoring.fold.registry import Unit
from services.scoring.queries import activity as activity_queries
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.snapshot import Snapshot

SILENT_DAYS = 60
DAY_US = 86_400_000_000


class UnitActivity(NamedTuple):
    """The last event of a unit in a year: its time and type, None where there is none.

    `days` is for how many whole days nothing has happened; None for a unit that has ended.
    """

    unit: str
    name: str
    kind: str
    time: int | None
    type: str | None
    days: int | None

    @property
    def silent(self) -> bool:
        """Whether it is long ago."""
        return self.days is not None and self.days >= SILENT_DAYS


async def activity(
    reading: Reading, snapshot: Snapshot, units: Collection[str]
) -> list[UnitActivity]:
    """The last event of each of these units: those without first, then the longest ago.

    Units that have ended come last.
    """
    registry, year = snapshot.registry, snapshot.year
    subjects = {subject: unit for unit in units for subject in registry.subjects(unit)}
    async with reading.db.read(short=True) as conn:
        events = await activity_queries.last_events(conn, year, subjects, snapshot.until)
    latest: dict[str, activity_queries.LastEvent] = {}
    for subject, event in events.items():
        unit = subjects[subject]
        latest[unit] = max(event, latest.get(unit, event))
    now = min(reading.clock(), moments.year_start(year + 1))
    rows = []
    for key in units:
        unit_of, event_of = registry.units[key], latest.get(key)
        time, type_ = (None, None) if event_of is None else event_of
        days = silent_days(unit_of, year, time, now)
        rows.append(UnitActivity(key, unit_of.name_in(year), unit_of.kind, time, type_, days))
    return sorted(rows, key=lambda row: (row.days is None, row.time or 0, row.unit))


def silent_days(unit: Unit, year: int, time: int | None, now: int) -> int | None:
    """For how many whole days a unit has done nothing in its part of the year up to an instant."""
    if unit.ends is not None and unit.ends <= now:
        return None
    begins = max(moments.year_start(year), unit.begins or 0)
    return max(0, now - max(begins, time or 0)) // DAY_US


def silent(rows: Iterable[UnitActivity]) -> list[UnitActivity]:
    """Those that are silent, the longest first."""
    return sorted((row for row in rows if row.silent), key=lambda row: (-(row.days or 0), row.unit))
