"""A frozen neighbour, or a server that hangs, holds up others for a bounded time alone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from services.chassis.auth.credentials import Issuer
from services.chassis.database import engine, limits
from services.chassis.database.engine import Database, bulk_insert, select_among
from services.chassis.database.limits import PATIENT, Limits
from services.chassis.database.url import normal_url
from services.chassis.errors import DatabaseAway
from services.chassis.settings import Settings
from services.scoring import app, tables
from services.scoring.operations import session
from services.scoring.settings import ScoringSettings
from tests.conftest import NatsServer, eventually
from tests.scoring.road import open_road
from tests.scoring.test_road import registered
from tests.support.servers import Postgres, postgres_server

pytestmark = pytest.mark.anyio
QUICK = Limits(statement=1, lock=1, idle=1)
HOLDER = """
import asyncio, sys
from sqlalchemy import text
from services.chassis.database.engine import Database
from services.chassis.database.limits import Limits

async def hold(url):
    db = Database(url, "public", Limits(idle=1))
    async with db.write() as conn:
        await conn.execute(text("SELECT * FROM place FOR UPDATE"))
        print("locked", flush=True)
        await asyncio.sleep(3600)

asyncio.run(hold(sys.argv[1]))
"""


@pytest.fixture
async def place(postgres_url: str) -> AsyncIterator[str]:
    """A database with one row that folders take turns to lock."""
    db = Database(normal_url(postgres_url), "public")
    async with db.write() as conn:
        await conn.execute(text("CREATE TABLE place AS SELECT 1 AS id"))
    await db.close()
    yield normal_url(postgres_url)


async def test_each_limit_is_a_setting_that_reaches_the_server(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a default, and 0 for none; work that takes long has none."""
    for name in ("STATEMENT", "LOCK", "IDLE", "PEER"):
        monkeypatch.setenv(f"DANCHU_DATABASE_{name}_SECONDS", "7")
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    db = Database(place, "public", Settings().database_limits)
    assert db.limits == Limits(7, 7, 7, 7) and Limits().statement > 0
    async with db.read() as conn:
        for name in names:
            assert (await conn.execute(text(f"SHOW {name}"))).scalar() == "7s"
        assert (await conn.execute(text("SHOW tcp_user_timeout"))).scalar() == "7000"
    async with db.patient() as other, other.read() as conn:
        for name in names:
            assert (await conn.execute(text(f"SHOW {name}"))).scalar() == "0"
    await db.close()


async def test_a_statement_or_a_lock_that_takes_too_long_may_be_tried_again(place: str) -> None:
    """It is told as a database that was away; the connection goes back as it was."""
    db, other = Database(place, "public", QUICK), Database(place, "public")
    with pytest.raises(DatabaseAway):
        async with db.read() as conn:
            await conn.execute(text("SELECT pg_sleep(60)"))
    async with other.write() as holder:
        await holder.execute(text("SELECT * FROM place FOR UPDATE"))
        with pytest.raises(DatabaseAway):
            async with db.write() as conn:
                await conn.execute(text("SELECT * FROM place FOR UPDATE"))
    async with db.write() as conn:
        await conn.execute(text("SELECT * FROM place FOR UPDATE"))
    async with db.patient() as patient, patient.read() as conn:
        await conn.execute(text("SELECT pg_sleep(1.5)"))
    await db.close()
    await other.close()


async def test_a_process_that_is_frozen_in_its_transaction_does_not_hold_its_lock(
    place: str,
) -> None:
    """The server ends the transaction in which nothing happens, and the next folder goes on."""
    frozen = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, place, stdout=asyncio.subprocess.PIPE
    )
    db = Database(place, "public", Limits(lock=1))
    try:
        assert frozen.stdout is not None and await frozen.stdout.readline() == b"locked\n"
        frozen.send_signal(signal.SIGSTOP)

        async def locked() -> bool:
            try:
                async with db.write() as conn:
                    await conn.execute(text("SELECT * FROM place FOR UPDATE"))
            except DatabaseAway:
                return False
            return True

        assert await eventually(locked, 60)
    finally:
        frozen.kill()
        await frozen.wait()
        await db.close()


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    """A server of its own, which a test freezes; clients give up quickly."""
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(engine, "CONNECT_SECONDS", 1)
    with postgres_server() as server:
        yield server
        signalled(server, signal.SIGCONT)


def signalled(server: Postgres, how: signal.Signals) -> None:
    """Freezes or thaws every process of a server."""
    assert server.process is not None
    parent = server.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    for pid in (parent, *map(int, children)):
        os.kill(pid, how)


async def test_a_server_that_hangs_is_told_as_away_and_comes_back(hanging: Postgres) -> None:
    """By statements, by the driver's own ways for many rows, and by a glance."""
    db = Database(normal_url(hanging.url), "public", QUICK)
    async with db.write() as conn:
        await conn.execute(text("CREATE TABLE retractions (target bytea, subject text)"))
    assert await db.single_value("SELECT 1") == 1

    async def many() -> None:
        async with db.write() as conn:
            signalled(hanging, signal.SIGSTOP)
            await bulk_insert(conn, tables.retractions, [(b"x", "y")], ("target", "subject"))

    async def driver() -> None:
        async with db.read() as conn:
            await conn.execute(text("SELECT 1"))
            signalled(hanging, signal.SIGSTOP)
            await select_among(conn, "SELECT 1 FROM retractions WHERE target", [b"x"], "bytea")

    async def statement() -> None:
        async with db.write() as conn:
            signalled(hanging, signal.SIGSTOP)
            await conn.execute(text("SELECT 1"))

    async def pooled() -> None:
        signalled(hanging, signal.SIGSTOP)
        await db.check()

    async def glance() -> None:
        signalled(hanging, signal.SIGSTOP)
        await db.single_value("SELECT 1")

    for ask in (statement, many, driver, pooled, glance):
        with pytest.raises(DatabaseAway):
            async with asyncio.timeout(30):
                await ask()
        signalled(hanging, signal.SIGCONT)
        await db.check()
        assert await db.single_value("SELECT 1") == 1
    await db.close()


async def test_requests_are_answered_while_the_server_hangs(
    home: Path, issuer: Issuer, provisioned: NatsServer, hanging: Postgres,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """503 to each of many that come at once, at the door and at the ratings; then all goes on."""
    for name in ("STATEMENT", "LOCK", "IDLE"):
        monkeypatch.setenv(f"DANCHU_DATABASE_{name}_SECONDS", "1")
    async with open_road(home, hanging.url, issuer) as road:
        receipts = await road.send([registered("H44.1")])
        assert (await road.get("/ratings/2025/H44.1", wait_for=receipts[0])).status_code == 200
        signalled(hanging, signal.SIGSTOP)
        requests = [road.get("/ratings/2025/H44.1") for _ in range(10)]
        requests += [road.get("/ratings/2025/H44.1/sheet") for _ in range(10)]
        async with asyncio.timeout(60):
            answers = await asyncio.gather(*requests)
        assert {answer.status_code for answer in answers} == {503}
        signalled(hanging, signal.SIGCONT)
        receipts = await road.send([registered("H44.2")])

        async def rated() -> bool:
            answer = await road.get("/ratings/2025/H44.2", wait_for=receipts[0])
            return answer.status_code == 200

        await eventually(rated, 60)


async def test_commands_that_take_long_have_no_limits(home: Path) -> None:
    """Rebuild and audit open the database without them."""
    settings = ScoringSettings(home=home)
    await app.migrated(settings)
    async with session.open_database(settings) as db:
        assert db.limits == PATIENT
