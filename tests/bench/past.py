"""How long the past takes: a year as of an instant, one unit's book, and a page of its history."""

from __future__ import annotations

import time
from typing import NamedTuple

from sqlalchemy import text

from contracts.envelope import decode
from services.chassis.clock import now_us
from services.chassis.database.engine import Database
from services.scoring.ratings.json import rating_members
from services.scoring.ratings.recount import Accepted, ratings
from services.scoring.readmodel import as_of
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.settings import SERVICE
from tests.bench.city import YEAR
from tests.bench.exact import compare
from tests.bench.measures import opened, rubrics


class PastTimes(NamedTuple):
    """Seconds of a year the first time, then milliseconds."""

    first: float
    again: float
    unit: float
    history: float


async def past(url: str) -> PastTimes:
    """The middle of what was recorded; NotExact where a rating is not that of a recount."""
    async with opened(url, SERVICE) as db:
        reading = Reading(db, Snapshots(db, rubrics()), now_us)
        instant = await _middle(db)
        engine = reading.versions.past
        begun = time.perf_counter()
        snapshot = await engine.snapshot(YEAR, instant)
        first = time.perf_counter() - begun
        begun = time.perf_counter()
        await engine.snapshot(YEAR, instant)
        again = time.perf_counter() - begun
        await _check(db, snapshot, instant)
        key = await _busiest(db, snapshot)
        begun = time.perf_counter()
        async with db.read() as conn:
            await as_of.cells(conn, snapshot, key, instant)
        cells = time.perf_counter() - begun
        begun = time.perf_counter()
        await reading.history(snapshot, snapshot.registry.units[key], None, 50)
        history = time.perf_counter() - begun
    return PastTimes(first, again * 1000, cells * 1000, history * 1000)


async def _middle(db: Database) -> int:
    async with db.read() as conn:
        ends = await conn.execute(text("SELECT (min(recorded) + max(recorded)) / 2 FROM ledger"))
        return int(ends.scalar_one())


async def _busiest(db: Database, snapshot: Snapshot) -> str:
    """The rated unit with the most events under its key."""
    select = text("SELECT subject, count(*) FROM ledger WHERE year = :year GROUP BY subject")
    async with db.read() as conn:
        numbers = {row[0]: row[1] for row in await conn.execute(select, {"year": YEAR})}
    return max(snapshot.standings, key=lambda unit: (numbers.get(unit, 0), unit))


async def _check(db: Database, snapshot: Snapshot, instant: int) -> None:
    """Every rating by a recount of what was recorded by then."""
    async with db.read() as conn:
        rows = await conn.execute(
            text("SELECT raw FROM ledger WHERE recorded <= :until"), {"until": instant}
        )
        accepted = Accepted(decode(bytes(row[0])) for row in rows)
    expected = {
        unit: rating_members(rating)
        for unit, rating in ratings(accepted, snapshot.rubrics, YEAR).items()
    }
    computed = {
        unit: {**rating_members(snapshot.rating(unit)), "as_of": None}
        for unit in snapshot.standings
    }
    compare("the year as of an instant", computed, expected)
