"""A cancellation at any point leaves no transaction, no lock and no connection."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from tests.conftest import eventually

pytestmark = pytest.mark.anyio
SCHEMA = "public"
PATIENCE_SECONDS = 10
"""How long another connection tries for a lock before it fails; a free one it gets at once."""
EVERY_POINT_MAX = 200


@dataclass
class Interruption:
    """Awaits a coroutine, and cancels its task at the suspension of a number.

    `late` cancels when the result is there but not yet received; `again` also at all later ones.
    """

    work: Coroutine[Any, Any, None]
    number: int
    late: bool = False
    again: bool = False
    on_cancel: Callable[[], None] = lambda: None
    suspensions: int = 0

    def __await__(self) -> Generator[Any, Any, None]:
        """Drives the coroutine as its task would."""
        result: Any = None
        failure: BaseException | None = None
        while True:
            try:
                future = self.work.send(result) if failure is None else self.work.throw(failure)
            except StopIteration:
                return
            self.suspensions += 1
            if self.suspensions == self.number or (self.again and self.suspensions > self.number):
                self._cancel(future)
            result, failure = None, None
            try:
                result = yield future
            except BaseException as error:
                failure = error

    def _cancel(self, future: asyncio.Future[Any] | None) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self.late and future is not None:
            future.add_done_callback(lambda _: task.cancel())
        else:
            task.cancel()
        asyncio.get_running_loop().call_soon(self.on_cancel)

    async def outcome(self) -> str:
        """Runs it in a task of its own; how that ended."""

        async def run() -> None:
            await self

        task = asyncio.create_task(run())
        await asyncio.wait([task])
        if task.cancelled():
            return "cancelled"
        return "done" if task.exception() is None else type(task.exception()).__name__


@pytest.fixture(autouse=True)
def uncollected() -> Iterator[None]:
    """What only the garbage collector would close stays open for the whole test."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
async def url(database_url: str) -> AsyncIterator[str]:
    """A database with a table of numbers."""
    normal = normal_url(database_url)
    db = Database(normal, SCHEMA)
    async with db.write() as conn:
        await conn.execute(text("CREATE TABLE numbers (number INTEGER)"))
        await conn.execute(text("INSERT INTO numbers VALUES (1)"))
    await db.close()
    yield normal


async def commits(db: Database) -> None:
    """Writes and reads, to the commit."""
    async with db.write() as conn:
        await conn.execute(text("INSERT INTO numbers VALUES (2)"))
        await conn.execute(text("SELECT number FROM numbers"))


async def fails(db: Database) -> None:
    """Writes and reads, to the rollback."""
    async with db.write() as conn:
        await conn.execute(text("INSERT INTO numbers VALUES (3)"))
        await conn.execute(text("SELECT number FROM numbers"))
        raise KeyError


async def reads(db: Database) -> None:
    """Reads alone."""
    async with db.read() as conn:
        await conn.execute(text("SELECT number FROM numbers"))


@asynccontextmanager
async def onlooker(url: str) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Looks, by another connection, whether anything is locked; answers the number of rows.

    It gets the lock that waits for every reader and writer. On PostgreSQL, where a connection costs
    more than all else here, it is one for the whole test.
    """
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        file = str(target.database)

        async def look_into_file() -> int:
            return count_in_file(file)

        yield look_into_file
        return
    server = await asyncpg.connect(target.set(drivername="postgresql").render_as_string(False))

    async def look() -> int:
        async with server.transaction():
            await server.execute(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'")
            await server.execute("LOCK TABLE numbers IN ACCESS EXCLUSIVE MODE")
            return int(await server.fetchval("SELECT count(*) FROM numbers"))

    yield look
    await server.close()


def count_in_file(file: str) -> int:
    """The number of rows of a file of which nothing is locked."""
    other = sqlite3.connect(file, PATIENCE_SECONDS, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO numbers VALUES (0)")
    other.execute("DELETE FROM numbers WHERE number = 0")
    other.execute("COMMIT")
    assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    (count,) = other.execute("SELECT count(*) FROM numbers").fetchone()
    other.close()
    return int(count)


MANNERS = [(False, False), (False, True), (True, False)]
"""Late, again: see `Interruption`."""
TRANSACTIONS = [
    *((commits, connected, *manner) for connected in (True, False) for manner in MANNERS),
    *((work, late, late, again) for work in (fails, reads) for late, again in MANNERS),
]
"""A commit in every combination; others in each manner, connected already or not."""


@pytest.mark.parametrize(("work", "connected", "late", "again"), TRANSACTIONS)
async def test_a_transaction_that_is_cancelled_at_any_point_leaves_no_lock(
    url: str, work: Callable[[Database], Coroutine[Any, Any, None]], connected: bool,
    late: bool, again: bool,
) -> None:  # fmt: skip
    """It is committed or not, never reported as committed if it is not; the pool is usable."""
    async with onlooker(url) as rows:
        count = 1
        for number in range(1, EVERY_POINT_MAX):
            db = Database(url, SCHEMA)
            if connected:
                async with db.write() as conn:
                    await conn.execute(text("SELECT 1"))
                await db.check()
            interruption = Interruption(work(db), number, late, again)
            outcome = await interruption.outcome()
            before, count = count, await rows()
            assert outcome in {"cancelled", "KeyError" if work is fails else "done"}
            assert count - before in ({0, 1} if work is commits else {0})
            assert count - before == 1 or not (work is commits and outcome == "done")
            async with db.write() as conn:
                await conn.execute(text("UPDATE numbers SET number = number"))
            await db.close()
            await rows()
            if interruption.suspensions < number:
                return
    raise AssertionError("it never ends uninterrupted")


async def test_a_write_that_is_cancelled_while_it_waits_for_the_lock_leaves_none(
    tmp_path: Path,
) -> None:
    """The statement that begins the transaction runs later, in the thread of the driver."""
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}", SCHEMA)
    async with db.write() as conn:
        await conn.execute(text("CREATE TABLE numbers (number INTEGER)"))
    holder = sqlite3.connect(db.file, isolation_level=None)
    begun: list[int] = []

    async def begins() -> None:
        async with db.write():
            begun.append(trial.suspensions)

    trial = Interruption(begins(), 0)
    assert await trial.outcome() == "done"
    for number in range(1, begun[0] + 1):
        holder.execute("BEGIN IMMEDIATE")
        release = Interruption(begins(), number, on_cancel=lambda: holder.rollback())
        assert await release.outcome() == "cancelled"
        assert count_in_file(str(db.file)) == 0
    holder.close()
    await db.close()


@pytest.mark.parametrize("again", [False, True])
async def test_a_close_that_is_cancelled_at_any_point_closes_every_connection(
    url: str, again: bool
) -> None:
    """SQLite deletes its log at the last close, PostgreSQL has no session of the service."""
    watch = Database(url, "watch")
    for number in range(1, EVERY_POINT_MAX):
        db = Database(url, SCHEMA)
        await db.check()
        async with db.read(), db.read(), db.write() as conn:
            await conn.execute(text("UPDATE numbers SET number = number"))
        await db.single_value("SELECT count(*) FROM numbers")
        interruption = Interruption(db.close(), number, again=again)
        await interruption.outcome()

        async def none_is_left(db: Database = db) -> bool:
            if db.sqlite:
                return not Path(f"{db.file}-wal").exists()
            sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = :name"
            async with watch.read() as conn:
                name = {"name": f"danchu {SCHEMA}"}
                return (await conn.execute(text(sessions), name)).scalar() == 0

        assert await eventually(none_is_left)
        if interruption.suspensions < number:
            break
    await watch.close()
