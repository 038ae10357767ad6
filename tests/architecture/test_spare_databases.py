"""A database of PostgreSQL that a test is given is new to it, whoever used it before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.chassis.settings import Settings
from services.violations.app import migrated
from tests.support.empty import migrated_once
from tests.support.servers import Postgres
from tests.support.spare_databases import spare_database

pytestmark = pytest.mark.anyio
TABLES = (
    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'S') AND relnamespace = $1::regnamespace"
)
EVENTS = (
    "INSERT INTO violations.outbox (receipt, subject, body, recorded) "
    "SELECT '1', 'a subject', repeat('x', 500)::bytea, 0 FROM generate_series(1, {})"
)
CONTENTS = {
    "few rows": EVENTS.format(1),
    "many rows": EVENTS.format(1000),
    "rows that were taken back": f"BEGIN; {EVENTS.format(100)}; ROLLBACK",
    "another row than at first": "UPDATE violations.door SET events = 7",
    "no row where one was at first": "DELETE FROM violations.door",
}
DEFINITIONS = {
    "a table": "CREATE TABLE public.other (id int)",
    "a schema": "CREATE SCHEMA other",
    "a column": "ALTER TABLE violations.outbox ADD COLUMN other int",
    "no index": "DROP INDEX violations.outbox_recorded",
    "no trigger": "DROP TRIGGER journal_kept ON violations.journal",
    "a trigger off": "ALTER TABLE violations.journal DISABLE TRIGGER USER",
    "a function": "CREATE FUNCTION violations.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "statistics": "ANALYZE violations.door",
    "no schema": "DROP SCHEMA violations CASCADE",
    "a setting": "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 64', "
    "current_database()); END $$",
}


@asynccontextmanager
async def violations(server: Postgres, home: Path) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database that has the schema of the violations."""
    async with spare_database(server) as url:
        conn = await asyncpg.connect(url)
        try:
            assert await conn.fetchval("SELECT to_regnamespace('violations')") is None
            settings = Settings(home=home, database_url=url)
            migrate = partial(migrated, settings)
            await migrated_once("violations", settings.database("violations"), migrate)
            yield conn
        finally:
            await conn.close()


async def held(conn: asyncpg.Connection) -> dict[str, list[Any]]:
    """All rows of all tables, and the state of sequences."""
    return {
        name: await conn.fetch(f'SELECT * FROM violations."{name}"')
        for (name,) in await conn.fetch(TABLES, "violations")
    }


@pytest.fixture
async def server(postgres: Postgres, home: Path) -> Postgres:
    """One without spare databases, once the schema has been made by migrations."""
    own = replace(postgres, spares=[])
    async with violations(own, home):
        pass
    return own


@pytest.mark.parametrize("change", CONTENTS.values(), ids=CONTENTS)
async def test_what_a_test_wrote_is_gone_for_the_next(
    server: Postgres, home: Path, change: str
) -> None:
    """The database is used again, and holds what it held when its schema was made."""
    async with violations(server, home) as conn:
        first = await held(conn)
        await conn.execute(change)
        database = await conn.fetchval("SELECT current_database()")
    for _ in range(2):
        async with violations(server, home) as conn:
            assert await conn.fetchval("SELECT current_database()") == database
            assert await held(conn) == first
            with pytest.raises(asyncpg.PostgresError, match="append-only"):
                await conn.execute("TRUNCATE violations.journal")


@pytest.mark.parametrize("change", DEFINITIONS.values(), ids=DEFINITIONS)
async def test_a_database_with_other_definitions_is_used_no_more(
    server: Postgres, home: Path, change: str
) -> None:
    """Whatever a test changed beside rows, before or after it had a schema made."""
    async with violations(server, home) as conn:
        await conn.execute(change)
    assert server.spares == []


async def test_a_database_that_is_still_used_ends_its_users(server: Postgres, home: Path) -> None:
    """What a test session open writes nothing into the database of the next."""
    async with violations(server, home) as conn:
        database = await conn.fetchval("SELECT current_database()")
        session = await asyncpg.connect(server.url_of(database))
        await session.execute("BEGIN; UPDATE violations.door SET events = 7")
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await session.execute("COMMIT")
    assert server.spares == [database]
