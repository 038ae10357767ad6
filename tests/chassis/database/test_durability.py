"""Invariant 7: a store that would lose acknowledged data is refused, with the setting's name."""

import pytest
from nats.js.api import PersistMode, StorageType, StreamConfig

from services.chassis.broker.durability import check_stream, check_sync
from services.chassis.database import engine
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.errors import DurabilityTooWeak, DurabilityUnknown
from services.commands.nats.provisioning import provision
from tests.conftest import NatsServer, Postgres

pytestmark = pytest.mark.anyio


async def opened(url: str) -> None:
    """Opens a database and closes it again."""
    db = Database(normal_url(url), "intake")
    try:
        await db.open()
    finally:
        await db.close()


async def test_safe_databases_are_opened(database_url: str) -> None:
    """Both databases as they come are safe enough."""
    await opened(database_url)


@pytest.mark.parametrize("level", ["NORMAL", "OFF"])
async def test_sqlite_that_does_not_wait_for_the_disk_is_refused(
    level: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WAL with synchronous below FULL loses commits on a power cut."""
    monkeypatch.setattr(engine, "SQLITE_PRAGMAS", ("journal_mode=WAL", f"synchronous={level}"))
    with pytest.raises(DurabilityTooWeak, match="synchronous") as refused:
        await opened(f"sqlite:///{tmp_path}/weak.db")
    assert (refused.value.value, refused.value.needed) == (level, "FULL")


async def test_sqlite_without_wal_is_refused(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that cannot do WAL answers another journal mode."""
    monkeypatch.setattr(engine, "SQLITE_PRAGMAS", ("journal_mode=DELETE", "synchronous=FULL"))
    with pytest.raises(DurabilityTooWeak, match="journal_mode"):
        await opened(f"sqlite:///{tmp_path}/weak.db")


async def test_postgres_that_does_not_wait_for_the_disk_is_refused(
    postgres: Postgres, postgres_url: str
) -> None:
    """synchronous_commit = off loses commits on a power cut, wherever it was set."""
    name = postgres_url.rpartition("/")[2]
    await postgres.run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with pytest.raises(DurabilityTooWeak, match="synchronous_commit = off"):
        await opened(postgres_url)


async def test_a_server_that_always_syncs_is_accepted(nats_server: NatsServer) -> None:
    """The embedded configuration is read back as safe."""
    assert await check_sync(nats_server.monitor, vouched=False)


async def test_a_server_that_syncs_later_is_refused_even_when_vouched_for(home: object) -> None:
    """What is seen to be weak cannot be vouched away."""
    server = NatsServer(home)  # type: ignore[arg-type]
    text = server.config.read_text().replace("sync_interval: always", 'sync_interval: "2m"')
    server.config.write_text(text)
    server.start()
    try:
        with pytest.raises(DurabilityTooWeak, match="sync_interval = 120 s"):
            await check_sync(server.monitor, vouched=True)
    finally:
        server.stop()


async def test_a_server_that_shows_nothing_needs_somebody_who_vouches() -> None:
    """Without a monitoring address the named override is the only way."""
    with pytest.raises(DurabilityUnknown, match="DANCHU_NATS_SYNC_ALWAYS_VOUCHED"):
        await check_sync(None, vouched=False)
    assert not await check_sync(None, vouched=True)


@pytest.mark.parametrize(
    ("config", "setting"),
    [
        (StreamConfig("EVENTS", storage=StorageType.MEMORY), "storage"),
        (
            StreamConfig("EVENTS", storage=StorageType.FILE, persist_mode=PersistMode.ASYNC),
            "persist_mode = async",
        ),
    ],
)
def test_a_stream_that_is_weaker_than_its_server_is_refused(
    config: StreamConfig, setting: str
) -> None:
    """In memory, or written behind its acknowledgement, on a server that always syncs."""
    with pytest.raises(DurabilityTooWeak, match=setting):
        check_stream(config)


async def test_provisioning_twice_changes_nothing(nats_server: NatsServer) -> None:
    """The first run creates, the second finds all as it has to be, a drift is corrected."""
    broker = nats_server.broker("provision")
    changes = await provision(broker)
    assert len(changes) == 6
    assert await provision(broker) == []
    info = await broker.stream_info("EVENTS")
    check_stream(info.config)
    assert info.config.deny_delete and info.config.deny_purge and info.config.allow_atomic
    info.config.duplicate_window = 60
    await broker.manager().update_stream(info.config)
    assert [change.en for change in await provision(broker)] == ["stream EVENTS updated"]
    again = await provision(broker, anew=True)
    assert [change.en for change in again] == [
        "consumer scoring of EVENTS reset to the beginning",
        "consumer hr of RATINGS reset to the beginning",
    ]
    await broker.close()
