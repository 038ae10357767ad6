"""Short reads of a SQLite file, which the loop does itself."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from services.chassis.database import engine
from services.chassis.database.engine import Database, rows_of
from services.chassis.errors import DatabaseAway

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    """A file with one row."""
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", "x")
    await db.open()
    async with db.write() as conn:
        await conn.execute(text("CREATE TABLE numbers (number INTEGER)"))
        await conn.execute(text("INSERT INTO numbers VALUES (1)"))
    yield db
    await db.close()


async def numbers(db: Database) -> list[int]:
    """What a short read finds, by SQLAlchemy and by the driver."""
    async with db.read(short=True) as conn:
        rows = [row[0] for row in await conn.execute(text("SELECT number FROM numbers"))]
        assert [
            row[0] for row in await (await rows_of(conn)).all("SELECT number FROM numbers")
        ] == rows
        return rows


async def test_a_short_read_does_not_wait_for_a_turn_of_the_loop(db: Database) -> None:
    """Nothing else has run until its rows are there, however much of it waits."""
    turns: list[int] = []
    asyncio.get_running_loop().call_soon(turns.append, 1)
    async with db.read(short=True) as conn:
        rows = [row[0] for row in await conn.execute(text("SELECT number FROM numbers"))]
        assert (rows, turns) == ([1], [])


async def test_a_short_read_sees_one_state_and_the_next_one_the_last_commit(db: Database) -> None:
    """What is committed meanwhile belongs to the next read."""
    count = text("SELECT count(*) FROM numbers")
    async with db.read(short=True) as conn:
        before = (await conn.execute(count)).scalar()
        async with db.write() as writer:
            await writer.execute(text("INSERT INTO numbers VALUES (2)"))
        assert (before, (await conn.execute(count)).scalar()) == (1, 1)
    assert await numbers(db) == [1, 2]


async def test_a_short_read_writes_nothing(db: Database) -> None:
    """Its connection is for queries only."""
    with pytest.raises(DatabaseAway, match="read-only"):
        async with db.read(short=True) as conn:
            await conn.execute(text("DELETE FROM numbers"))
    assert await numbers(db) == [1]


async def test_a_closed_database_leaves_no_file_open(db: Database) -> None:
    """The last connection that is closed takes the write-ahead log away."""
    await numbers(db)
    log = db.file.with_name(f"{db.file.name}-wal")
    assert log.exists()
    await db.close()
    assert not log.exists()


async def test_the_loop_waits_for_no_locked_file(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that is being restored: the question is answered that it is away."""
    monkeypatch.setattr(engine, "LOOP_BUSY_SECONDS", 0)
    await db.close()
    other = sqlite3.connect(db.file, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("INSERT INTO numbers VALUES (3)")
    with pytest.raises(DatabaseAway, match="locked"):
        await numbers(db)
    other.close()
    assert await numbers(db) == [1, 3]
