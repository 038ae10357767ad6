"""Which code works on which schema: earlier code on a later schema that only adds, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from services.chassis import service_schema
from services.chassis.database.engine import Database
from services.chassis.database.limits import PATIENT
from services.chassis.database.url import normal_url
from services.chassis.errors import StateNotMigrated, StateOfNewerVersion
from services.chassis.migrations import oldest_code
from services.chassis.service_schema import migrate
from services.intake.tables import MIGRATIONS
from tests.conftest import eventually
from tests.support.migrating import later_version

pytestmark = pytest.mark.anyio
ROW = "INSERT INTO outbox (receipt, subject, body, recorded) VALUES (:key, 's', :key, 1)"


async def opened(db: Database, exact: bool = False) -> None:
    """Opens a database with the code of this version."""
    await db.open(MIGRATIONS, exact)


async def add(db: Database) -> None:
    """Writes a row as the code of this version does."""
    async with db.write() as conn:
        await conn.execute(text(ROW), {"key": b"k"})


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """The schema of intake, of this version."""
    made = Database(normal_url(database_url), "intake")
    await migrate(made, MIGRATIONS)
    yield made
    await made.close()


async def test_code_works_on_a_later_schema_that_only_adds(db: Database, tmp_path: Path) -> None:
    """It starts and writes there, and its own `migrate` leaves the schema as it is."""
    await add(db)
    await migrate(db, later_version(MIGRATIONS, tmp_path / "later"))
    await opened(db)
    await migrate(db, MIGRATIONS)
    await add(db)
    async with db.read() as conn:
        weights = (await conn.execute(text("SELECT weight FROM outbox"))).scalars().all()
        revision = (await conn.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    assert (list(weights), revision) == ([7, 7], "0900")


async def test_who_copies_everything_needs_the_very_version(db: Database, tmp_path: Path) -> None:
    """A backup by earlier code would lack what a later version added."""
    await opened(db, exact=True)
    await migrate(db, later_version(MIGRATIONS, tmp_path / "later"))
    with pytest.raises(StateOfNewerVersion, match="0900"):
        await opened(db, exact=True)


@pytest.mark.parametrize("oldest", ["0900", "0899"])
async def test_code_refuses_a_schema_that_no_longer_supports_it(
    db: Database, tmp_path: Path, oldest: str
) -> None:
    """The migration takes away what this code needs; earlier code than it names must not start."""
    first = later_version(MIGRATIONS, tmp_path / "first", body="pass", revision="0899")
    stated = f'oldest_code = "{oldest}"\nreason = "no code reads the column since then"\n'
    drops = 'op.drop_column("outbox", "headers")'
    second = later_version(first, tmp_path / "second", body=drops, more=stated)
    await migrate(db, second)
    with pytest.raises(StateOfNewerVersion, match="0900"):
        await opened(db)
    with pytest.raises(StateOfNewerVersion):
        await migrate(db, MIGRATIONS)
    if oldest == "0899":
        await db.open(first)


async def test_code_refuses_an_earlier_schema(db: Database, tmp_path: Path) -> None:
    """It asks for `danchu migrate`, or waits for it."""
    with pytest.raises(StateNotMigrated):
        await db.open(later_version(MIGRATIONS, tmp_path / "later"))


@pytest.mark.parametrize(
    ("stated", "oldest"),
    [((), "1"), ((None, None), "1"), ((None, "1", None), "1"), ((None, "2", None), "2"),
     ((None, None, "2", "1"), "2")],
)  # fmt: skip
async def test_support_never_goes_back(stated: tuple[str | None, ...], oldest: str) -> None:
    """Of a chain the latest of the oldest revisions counts, and the first one without any."""
    modules = [SimpleNamespace() if s is None else SimpleNamespace(oldest_code=s) for s in stated]
    chain = [
        SimpleNamespace(revision=str(number), module=module)
        for number, module in enumerate(modules or [SimpleNamespace()], start=1)
    ]
    assert oldest_code(chain) == oldest


async def test_a_migration_that_waits_lets_others_pass(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long reader, such as a backup, holds up the migration, and nobody behind it."""
    monkeypatch.setattr(service_schema, "LOCK_SECONDS", 1)
    url = normal_url(postgres_url)
    db, migrating = Database(url, "intake"), Database(url, "intake", PATIENT)
    await migrate(db, MIGRATIONS)
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'")

    async def waiting() -> bool:
        async with db.read() as conn:
            return bool((await conn.execute(waits)).scalar())

    async with db.read() as reader:
        await reader.execute(text("SELECT count(*) FROM outbox"))
        task = asyncio.create_task(migrate(migrating, later_version(MIGRATIONS, tmp_path / "l")))
        await eventually(waiting)
        await add(db)
        assert not task.done()
    await task
    await opened(db)
    for each in (db, migrating):
        await each.close()
