"""Connections to SQLite files that cannot be opened leave no thread behind that answers nobody."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiosqlite
import pytest

from services.chassis.database.engine import Database
from services.chassis.errors import DatabaseAway

pytestmark = pytest.mark.anyio


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.Future[None]]:
    """What the threads of the driver answer when they are told to stop."""
    futures: list[asyncio.Future[None]] = []
    stop = aiosqlite.Connection.stop

    def noted(connection: aiosqlite.Connection) -> asyncio.Future[None] | None:
        future = stop(connection)
        assert future is not None
        futures.append(future)
        return future

    monkeypatch.setattr(aiosqlite.Connection, "stop", noted)
    return futures


async def test_the_thread_has_answered_when_a_file_cannot_be_opened(
    tmp_path: Path, answers: list[asyncio.Future[None]]
) -> None:
    """A command ends its loop right after; an answer that comes later is a traceback."""
    file = tmp_path / "x.db"
    file.mkdir()
    db = Database(f"sqlite+aiosqlite:///{file}", "x")
    with pytest.raises(DatabaseAway):
        await db.open()
    assert [future.done() for future in answers] == [True]
    await db.close()
