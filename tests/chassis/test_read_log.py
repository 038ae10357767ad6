"""The log of reads: exact, never changed, complete after a clean stop, and cheap in a flood."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from services.chassis import read_log
from services.chassis.auth.credentials import Credential
from services.chassis.clock import fixed
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.errors import DatabaseAway
from services.chassis.read_log import LINES_MAX, Read, ReadLog, ReadsWait, Selection, page
from services.chassis.service_schema import migrate
from services.scoring.tables import MIGRATIONS
from tests.support.empty import migrated_once
from tests.support.tampering import assert_kept

pytestmark = pytest.mark.anyio
NOW = 1_750_000_000_000_000
HR = Credential("hr", name="bà Lan")


def line(unit: str = "H44.1", what: str = "rating") -> Read:
    """A line of one unit."""
    return Read(NOW, "hr", "bà Lan", what, 1, "192.0.2.7", 2025, unit)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[ReadLog]:
    """The log of an empty database."""
    db = Database(normal_url(url), "scoring")
    await migrated_once("scoring", normal_url(url), partial(migrate, db, MIGRATIONS))
    try:
        yield ReadLog(db, fixed(NOW))
    finally:
        await db.close()


async def lines(log: ReadLog) -> list[Read]:
    """What the database holds, the oldest first."""
    async with log.db.read() as conn:
        return [read for _, read in await page(conn, Selection(), None, 1_000_000)][::-1]


async def test_lines_are_written_as_they_are_and_never_change(database_url: str) -> None:
    """A recorded line is there at once, a noted one after a clean stop; triggers keep both."""
    async with opened(database_url) as log:
        several = line("")._replace(unit=None, units=",H44.1,H44.2,", rows=2, year=None)
        await log.record(several)
        assert await lines(log) == [several]
        log.note(line())
        log.note_unit(HR, "sheet", "192.0.2.7", 2025, "H44.2")
        await log.close()
        assert await lines(log) == [several, line(), line("H44.2", "sheet")]
        await assert_kept(log.db, "reads", "role", ("seq",))
        assert await lines(log) == [several, line(), line("H44.2", "sheet")]


async def test_a_flood_is_one_line_of_its_bearer_with_every_unit(tmp_path: object) -> None:
    """The first reads of a group have lines of their own; not one of the further units is lost."""
    async with opened(f"sqlite:///{tmp_path}/a.db") as log:
        for number in range(LINES_MAX + 100):
            log.note_unit(HR, "rating", "192.0.2.7", 2025, f"H44.{number % 300}")
        log.note_unit(Credential("auditor"), "rating", "192.0.2.8", 2025, "H44.1")
        await log.flush()
        *single, flood, other = await lines(log)
        assert [read.unit for read in single] == [f"H44.{n}" for n in range(LINES_MAX)]
        assert (flood.rows, flood.unit, flood.by) == (100, None, "bà Lan")
        assert flood.units is not None
        assert set(flood.units.strip(",").split(",")) == {
            f"H44.{n % 300}" for n in range(LINES_MAX, LINES_MAX + 100)
        }
        assert (other.by, other.units) == ("auditor", ",H44.1,")


async def test_what_is_noted_while_a_group_is_written_is_in_the_next(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a flood that ends with the group."""
    async with opened(f"sqlite:///{tmp_path}/a.db") as log:
        insert = read_log.insert

        async def slow(*arguments: object) -> None:
            monkeypatch.setattr(read_log, "insert", insert)
            log.note_unit(HR, "rating", "192.0.2.7", 2025, "H44.9")
            await insert(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(read_log, "insert", slow)
        for _ in range(LINES_MAX):
            log.note(line())
        await log.flush()
        assert len(await lines(log)) == LINES_MAX + 1


async def test_lines_wait_for_a_database_that_is_away_and_are_told_in_the_end(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is dropped in silence: too many refuse the next read, a stop writes them to a log."""
    monkeypatch.setattr(read_log, "WAITING_MAX", 2)
    async with opened(f"sqlite:///{tmp_path}/a.db") as log:

        async def away(*_: object) -> None:
            raise DatabaseAway("away")

        monkeypatch.setattr(read_log, "insert", away)
        with pytest.raises(DatabaseAway):
            await log.record(line())
        log.note(line("H44.2"))
        with pytest.raises(ReadsWait):
            log.note(line("H44.3"))
        running = asyncio.create_task(log.run())
        await asyncio.sleep(0)
        running.cancel()
        with caplog.at_level(logging.ERROR):
            await log.close()
    assert [record.read["unit"] for record in caplog.records] == ["H44.1", "H44.2"]  # type: ignore[attr-defined]
