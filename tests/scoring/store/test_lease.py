"""One process at most holds the lease of the fold, and one that hangs cannot keep it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.errors import DatabaseAway
from services.scoring.store import lease as leasing
from services.scoring.store.lease import FileLease, LeaseMoved, ServerLease, lease_of
from tests.conftest import Postgres
from tests.support.servers import postgres_database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(postgres: Postgres) -> AsyncIterator[str]:
    """A database with one table."""
    async with postgres_database(postgres) as url:
        db = Database(normal_url(url), "public")
        async with db.write() as conn:
            await conn.execute(text("CREATE TABLE place (at int)"))
        await db.close()
        yield normal_url(url)


@asynccontextmanager
async def leased(url: str) -> AsyncIterator[tuple[ServerLease, Database]]:
    """A process that asks for the lease, and its database."""
    db = Database(url, "public")
    lease = lease_of(db, patience=60)
    assert isinstance(lease, ServerLease)
    lease.request(True)
    try:
        yield lease, db.fenced(lease.fence)
    finally:
        await lease.close()
        await db.close()


async def write(db: Database, value: int) -> None:
    """One transaction of the holder."""
    async with db.write() as conn:
        await conn.execute(text("INSERT INTO place VALUES (:at)"), {"at": value})


async def test_a_holder_that_hangs_loses_the_lease_and_its_late_transactions_fail(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends its session; the next holder ends the transaction that it had open, and one
    that it begins later is refused.
    """
    monkeypatch.setattr(leasing, "IDLE_SECONDS", 1)
    async with leased(place) as (first, frozen), leased(place) as (second, db):
        await asyncio.wait({asyncio.create_task(each.acquisition()) for each in (first, second)},
                           return_when=asyncio.FIRST_COMPLETED)  # fmt: skip
        if first.session is None:
            first, second, frozen, db = second, first, db, frozen
        assert second.session is None
        await write(frozen, 1)
        with pytest.raises(LeaseMoved):
            await write(db, 2)
        session = first.session

        async def hang(*_: Any) -> None:
            await asyncio.sleep(3600)

        monkeypatch.setattr(first, "_value", hang)
        monkeypatch.setattr(first, "_tell", lambda _: None)  # nor does it notice anything
        with pytest.raises(DatabaseAway):
            async with frozen.write() as conn:
                await conn.execute(text("INSERT INTO place VALUES (3)"))
                await second.acquisition()
        assert first.session == session is not None
        with pytest.raises(LeaseMoved):
            await write(frozen, 4)
        await write(db, 5)
        async with db.read() as conn:
            rows = (await conn.execute(text("SELECT at FROM place ORDER BY at"))).scalars().all()
        assert rows == [1, 5]


async def test_a_holder_that_gives_up_or_has_no_pulse_leaves_the_lease_to_another(
    place: str,
) -> None:
    """At once where it gives up; a process whose loops stand still gives no pulse."""
    async with leased(place) as (first, _):
        await first.acquisition()
        async with leased(place) as (second, _):
            first.request(False)
            await asyncio.gather(first.loss(), second.acquisition())
            first.request(True)
            second.patience = 0.0
            await asyncio.gather(second.loss(), first.acquisition())


async def test_on_sqlite_the_lease_is_the_lock_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second waits until the first has ended."""
    monkeypatch.setattr(leasing, "RENEW_SECONDS", 0.01)
    first, second = (FileLease(tmp_path / "scoring.db.fold") for _ in range(2))
    await first.acquisition()
    waiting = asyncio.create_task(second.acquisition())
    await asyncio.sleep(0)
    assert not waiting.done()
    await first.close()
    await waiting
    await second.close()
