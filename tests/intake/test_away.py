"""When a part is away: the door answers 503 without its database and goes on without NATS."""

import asyncio
from pathlib import Path

import pytest
from nats.errors import Error as NatsError
from sqlalchemy import text

from services.chassis import outbox_service
from services.chassis.auth.credentials import Issuer
from services.chassis.broker.connection import Broker
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.errors import (
    DatabaseAway,
    DurabilityTooWeak,
    StateNotMigrated,
    StateOfNewerVersion,
)
from services.chassis.service_schema import migrate
from services.intake.app import build, migrated
from services.intake.settings import IntakeSettings
from services.intake.tables import MIGRATIONS
from tests.conftest import NatsServer, Postgres, eventually
from tests.support.builders.events import Door, event, opened

pytestmark = pytest.mark.anyio


async def test_the_door_accepts_while_nats_is_away_and_relays_later(
    home: Path, database_url: str, issuer: Issuer
) -> None:
    """Started before NATS, it joins by itself when the broker comes."""
    server = NatsServer(home)
    async with opened(home, database_url, issuer) as door:
        await door.receipts([event(number) for number in range(10)])
        headers = door.headers("operator")
        assert (await door.client.get("/intake/outbox", headers=headers)).json()["waiting"] == 10
        server.start()
        await server.provisioned()

        async def relayed() -> bool:
            answer = await door.client.get("/intake/outbox", headers=headers)
            return bool(answer.json()["waiting"] == 0)

        await eventually(relayed, 60)
        department = server.broker("emitter")
        await eventually(lambda: _heard(department), 60)
        await department.close()
    server.stop()


async def test_what_waits_for_the_stream_too_long_is_said(
    home: Path, database_url: str, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The door goes on accepting and is ready, and degraded: ratings lack what it accepted."""
    server = NatsServer(home)
    async with opened(home, database_url, issuer) as door:
        await door.receipts([event(number) for number in range(3)])
        assert (await door.app.health.readiness())[1]["status"] == "ready"
        monkeypatch.setattr(outbox_service, "WAIT_SECONDS", 0.0)
        ready, told = await door.app.health.readiness()
        assert (ready, told["status"]) == (True, "degraded")
        assert "3 accepted events have not reached the stream" in str(told["checks"])
        server.start()
        await server.provisioned()

        async def relayed() -> bool:
            return bool((await door.app.health.readiness())[1]["status"] == "ready")

        await eventually(relayed, 60)
    server.stop()


async def _heard(department: Broker) -> bool:
    nc = await department.ensure()
    try:
        return bool(await nc.request("danchu.emit.H44-12", b"{}", timeout=5))
    except NatsError:
        return False


async def test_without_its_database_the_door_answers_503(
    postgres: Postgres, postgres_url: str, home: Path, issuer: Issuer
) -> None:
    """With the time after which to try again; readiness says it; afterwards it goes on."""
    name = postgres_url.rpartition("/")[2]
    async with opened(home, postgres_url, issuer) as door:
        await door.receipts([event("a")])
        await postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await postgres.run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        answer = await door.post(event("b"))
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert answer.headers["content-type"] == "application/problem+json"
        assert (await door.client.get("/readyz")).status_code == 503
        await postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        assert (await door.post(event("b"))).status_code == 202


async def test_a_broken_file_of_sqlite_is_a_database_away(lone_door: Door) -> None:
    """Disk errors and locks are 503, never a fault of this server."""
    async with lone_door.app.db.read() as conn:
        with pytest.raises(Exception, match="readonly"):
            await conn.execute(text("DELETE FROM outbox"))
    db = Database("sqlite+aiosqlite:////nowhere/at/all.db", "intake")
    with pytest.raises(DatabaseAway):
        await db.check()


async def test_migrating_twice_changes_nothing_and_racing_is_safe(
    home: Path, database_url: str
) -> None:
    """Two processes that start at once migrate once."""
    settings = IntakeSettings(home=home, database_url=database_url)
    await asyncio.gather(migrated(settings), migrated(settings))
    await migrated(settings)
    db = Database(normal_url(database_url), "intake")
    await db.open(MIGRATIONS)
    await db.close()


@pytest.mark.usefixtures("issuer")
async def test_state_of_a_newer_version_is_refused(home: Path, database_url: str) -> None:
    """An older program does not touch what it does not know, and does not start on it."""
    settings = IntakeSettings(home=home, database_url=database_url)
    db = Database(settings.database("intake"), "intake")
    with pytest.raises(StateNotMigrated):
        await build(settings).start()
    await migrated(settings)
    async with db.write() as conn:
        await conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StateOfNewerVersion, match="9999"):
        await migrate(db, MIGRATIONS)
    with pytest.raises(StateOfNewerVersion):
        await build(settings).start()
    await db.close()


async def test_the_intake_does_not_start_on_a_weak_nats(home: Path, tmp_path: Path) -> None:
    """`sync_interval` is read back from the server that is there at the start."""
    server = NatsServer(home)
    text_ = server.config.read_text().replace("sync_interval: always", 'sync_interval: "2m"')
    server.config.write_text(text_)
    server.start()
    settings = IntakeSettings(home=home, database_url=f"sqlite:///{tmp_path / 'i.db'}")
    await migrated(settings)
    app = build(settings)
    with pytest.raises(DurabilityTooWeak, match="sync_interval"):
        await app.start()
    await app.stop()
    server.stop()
