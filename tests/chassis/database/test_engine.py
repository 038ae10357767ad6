"""What a database refuses for the moment is tried again, and is no fault of the request."""

from __future__ import annotations

import asyncio
import inspect
import sqlite3
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from services.chassis.database import engine
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.driver_rows import ServerSource
from services.chassis.errors import DatabaseAway

pytestmark = pytest.mark.anyio


async def test_the_victim_of_a_deadlock_may_try_again(postgres_url: str) -> None:
    """Its work is undone as a whole, so it is told as a database that was away."""
    db = Database(normal_url(postgres_url), "public")
    both = asyncio.Barrier(2)

    async def cross(first: int, second: int) -> None:
        lock = text("SELECT pg_advisory_xact_lock(:number)")
        async with db.write() as conn:
            await conn.execute(lock, {"number": first})
            await both.wait()
            await conn.execute(lock, {"number": second})

    results = await asyncio.gather(cross(1, 2), cross(2, 1), return_exceptions=True)
    await db.close()
    assert [type(result) for result in results if result is not None] == [DatabaseAway]


async def test_a_file_that_another_process_turns_into_wal_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first change to WAL answers that it is locked at once, whatever the busy timeout."""
    file = tmp_path / "x.db"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    waited = []

    def pause(sleep: Coroutine[Any, Any, None]) -> None:
        sleep.close()
        waited.append(1)
        other.execute("ROLLBACK")

    monkeypatch.setattr(engine, "await_only", pause)
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0)
    db = Database(f"sqlite+aiosqlite:///{file}", "x")
    await db.open()
    await db.close()
    other.close()
    assert waited == [1]


def test_another_process_is_told_what_the_driver_takes_and_shows_no_password() -> None:
    """Options that only SQLAlchemy knows stay here; settings to be turned off go along."""
    url = normal_url("postgresql://u:secret@[::1]:5/d?ssl=1&prepared_statement_cache_size=0")
    source = Database(url, "scoring").source("jit")
    assert isinstance(source, ServerSource)
    assert source.settings["jit"] == "off" and source.settings["search_path"] == '"scoring"'
    assert source.connect["password"] == "secret" and "sslmode=require" in source.connect["dsn"]
    assert source.connect.keys() <= inspect.signature(asyncpg.connect).parameters.keys()
    assert "secret" not in repr(source)
