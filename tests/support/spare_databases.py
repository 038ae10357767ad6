"""PostgreSQL databases that tests use one after another, emptied in between.

To make a database and its schemas takes some hundred files, more than most tests do in it. A schema
that is as it was made is emptied and kept under another name until a test asks for its service
again, so every test begins with a database without any. Whatever else a test leaves behind (a table
or a trigger that was changed, a setting, statistics): the database is not used again.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from tests.support.servers import Postgres

KEPT = "kept "
"""Before the name of a schema that waits for its service."""
END_SECONDS = 10
OF_CATALOGS = {
    "pg_class": "oid", "pg_attribute": "attrelid", "pg_attrdef": "adrelid", "pg_index": "indrelid",
    "pg_constraint": "oid", "pg_trigger": "tgrelid", "pg_proc": "oid", "pg_type": "oid",
    "pg_rewrite": "ev_class", "pg_policy": "polrelid", "pg_statistic": "starelid",
    "pg_extension": "oid", "pg_largeobject_metadata": "oid",
}  # fmt: skip
"""Catalogs, and the column by which to tell what was not there from the beginning."""
FIRST_OWN = 16384
DEFINED = " UNION ALL ".join(
    f"SELECT '{catalog}' AS catalog, ctid::text AS place, xmin::text AS version FROM {catalog} "
    f"WHERE {column} >= {FIRST_OWN}"
    for catalog, column in OF_CATALOGS.items()
)
DEFINITIONS = f"""
SELECT md5(string_agg(concat_ws(' ', catalog, place, version), ',' ORDER BY catalog, place))
FROM ({DEFINED}
UNION ALL SELECT 'pg_db_role_setting', ctid::text, xmin::text FROM pg_db_role_setting
WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
UNION ALL SELECT 'pg_namespace', oid::text, concat_ws(' ', nspowner, nspacl) FROM pg_namespace
WHERE oid >= {FIRST_OWN}) AS every
"""
"""Tells any change of what is defined in a database: each makes new rows of the catalogs."""
TABLES = """
SELECT relname, pg_relation_size(c.oid) FROM pg_class c
WHERE relnamespace = $1::regnamespace AND relkind = 'r'
"""
SEQUENCES = """
SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'S'
"""
END_OTHERS = """
SELECT pg_terminate_backend(pid, $1) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
END_MILLISECONDS = 10_000
PAGE_BYTES = 8192


@dataclass
class Contents:
    """What the tables and sequences of a schema hold."""

    sizes: dict[str, int]
    """Bytes of each table."""
    rows: dict[str, list[Any]]
    """Of tables that have any."""
    sequences: dict[str, Any]


@dataclass
class Spare:
    """A database as it was when it was last given to a test, and what the test made in it."""

    definitions: str | None = None
    contents: dict[str, Contents] = field(default_factory=dict)
    """Of each schema that was made by its script, as it was then."""
    kept: set[str] = field(default_factory=set)
    """The services whose schemas wait under another name."""


_spares: dict[str, Spare] = {}
"""By the name of the database."""


async def take_schema(conn: asyncpg.Connection, service: str, script: str) -> None:
    """Makes the schema of a service by a script, or takes the one that this database keeps."""
    spare = _spares.setdefault(await conn.fetchval("SELECT current_database()"), Spare())
    if service in spare.kept:
        await conn.execute(f'ALTER SCHEMA "{KEPT}{service}" RENAME TO "{service}"')
        spare.kept.remove(service)
        return
    unchanged = await conn.fetchval(DEFINITIONS) == spare.definitions
    await conn.execute(script)
    if unchanged:
        spare.definitions = await conn.fetchval(DEFINITIONS)
        spare.contents[service] = await _contents(conn, service)


async def _contents(conn: asyncpg.Connection, schema: str) -> Contents:
    sizes = dict(await conn.fetch(TABLES, schema))
    rows = {name: await _rows(conn, schema, name) for name, size in sizes.items() if size}
    return Contents(sizes, rows, await _sequences(conn, schema))


async def _rows(conn: asyncpg.Connection, schema: str, table: str) -> list[Any]:
    return list(await conn.fetch(f'SELECT * FROM "{schema}"."{table}"'))


async def _sequences(conn: asyncpg.Connection, schema: str) -> dict[str, Any]:
    return {
        name: await conn.fetchrow(f'SELECT last_value, is_called FROM "{schema}"."{name}"')
        for (name,) in await conn.fetch(SEQUENCES, schema)
    }


async def _emptied(url: str) -> bool:
    """Whether a database is as it was: its schemas empty, and kept for later tests."""
    conn = await asyncpg.connect(url)
    try:
        await conn.execute(END_OTHERS, END_MILLISECONDS)
        spare = _spares.setdefault(await conn.fetchval("SELECT current_database()"), Spare())
        if await conn.fetchval(DEFINITIONS) != spare.definitions:
            return False
        await conn.execute("SET session_replication_role = replica")  # no trigger forbids it
        for service in spare.contents.keys() - spare.kept:
            await _empty(conn, service, spare.contents[service])
            await conn.execute(f'ALTER SCHEMA "{service}" RENAME TO "{KEPT}{service}"')
            spare.kept.add(service)
        spare.definitions = await conn.fetchval(DEFINITIONS)
    finally:
        await conn.close()
    return True


async def _empty(conn: asyncpg.Connection, schema: str, made: Contents) -> None:
    """Brings tables and sequences to what they held when the schema was made.

    Rows of one page are deleted. Beyond that a table gets new files, which takes longer, so that
    the order of its rows and the plans are those of a new one.
    """
    for name, size in await conn.fetch(TABLES, schema):
        rows = made.rows.get(name, [])
        if size == made.sizes[name] and (not rows or rows == await _rows(conn, schema, name)):
            continue
        command = "DELETE FROM" if size <= PAGE_BYTES else "TRUNCATE"
        await conn.execute(f'{command} "{schema}"."{name}"')
        if rows:
            await conn.copy_records_to_table(name, schema_name=schema, records=rows)
    for name, sequence in (await _sequences(conn, schema)).items():
        if sequence != (begun := made.sequences[name]):
            await conn.execute(
                "SELECT setval($1::text::regclass, $2, $3)", f'"{schema}"."{name}"', *begun
            )


@contextlib.asynccontextmanager
async def spare_database(server: Postgres) -> AsyncIterator[str]:
    """The URL of a database without the schema of any service, for the block."""
    name = server.spares.pop() if server.spares else await server.new_database()
    url = server.url_of(name)
    emptied = False
    try:
        yield url
    finally:
        with contextlib.suppress(asyncpg.PostgresError, OSError):
            emptied = await _emptied(url)
        if emptied:
            server.spares.append(name)
        else:
            await server.drop_database(name)
