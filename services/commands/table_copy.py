"""Copies every table of a service from one database into another, and verifies that they are equal.

Both sides are read through the same types, so that rows are compared by value, however each
database stores them.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Any

from sqlalchemy import MetaData, Table, delete, func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import bulk_insert
from services.chassis.errors import DanchuError
from services.chassis.migrations import OWN_TABLES
from services.commands.messages import message

CHUNK = 5000
FIRST_ROWS = ("position", "door")
"""Tables that have a row in a new database."""
DIGEST_BITS = 256
Progress = Callable[[int], None]


class TargetInUse(DanchuError):
    """The target database already contains data."""

    def __init__(self, where: str, table: str) -> None:
        super().__init__(message("copy-target-in-use", where=where, table=table))


class TablesUnknown(DanchuError):
    """The source database has tables that this version does not know."""

    def __init__(self, where: str, tables: Collection[str]) -> None:
        super().__init__(message("copy-unknown", where=where, tables=", ".join(sorted(tables))))


class CopyDiffers(DanchuError):
    """The copy differs from the source when read back; nothing is committed."""

    def __init__(self, table: str) -> None:
        super().__init__(message("copy-differs", table=table))


async def check_empty(conn: AsyncConnection, schema: str, where: str) -> None:
    """TargetInUse if a table of the schema has a row that a new database lacks."""
    names = await conn.run_sync(lambda sync: inspect(sync).get_table_names(schema=schema))
    for name in sorted(set(names) - {*OWN_TABLES, *FIRST_ROWS}):
        table = Table(name, MetaData(), schema=schema)
        if (await conn.execute(select(text("1")).select_from(table).limit(1))).first() is not None:
            raise TargetInUse(where, name)


async def check_tables(conn: AsyncConnection, metadata: MetaData, where: str) -> None:
    """TablesUnknown if a table would not be copied."""
    names = set(await conn.run_sync(lambda sync: inspect(sync).get_table_names()))
    unknown = {name for name in names if not name.startswith("sqlite_")}
    unknown -= {*OWN_TABLES, *metadata.tables}
    if unknown:
        raise TablesUnknown(where, unknown)


async def copy_tables(
    source: AsyncConnection, target: AsyncConnection, metadata: MetaData, progress: Progress
) -> dict[str, int]:
    """Copies all rows within the transactions of both sides; returns the number of rows by table.

    CopyDiffers if the target afterwards differs from the source.
    """
    rows_by_table = {}
    for table in metadata.sorted_tables:
        if table.name in FIRST_ROWS:
            await target.execute(delete(table))
        columns = [column.name for column in table.columns]
        rows, digest = 0, 0
        async for chunk in _chunks(source, table):
            await bulk_insert(target, table, chunk, columns)
            rows, digest = rows + len(chunk), _add_to_digest(digest, chunk)
            progress(len(chunk))
        if await _read_back(target, table) != (rows, digest):
            raise CopyDiffers(table.name)
        await advance_counter(target, table)
        rows_by_table[table.name] = rows
    return rows_by_table


async def count_rows(conn: AsyncConnection, metadata: MetaData) -> int:
    """The number of rows of all tables."""
    counts = [
        (await conn.execute(select(func.count()).select_from(table))).scalar_one()
        for table in metadata.sorted_tables
    ]
    return sum(counts)


async def _chunks(conn: AsyncConnection, table: Table) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
    result = await conn.stream(select(table))
    async for part in result.partitions(CHUNK):
        yield [tuple(row) for row in part]


async def _read_back(conn: AsyncConnection, table: Table) -> tuple[int, int]:
    rows, digest = 0, 0
    async for chunk in _chunks(conn, table):
        rows, digest = rows + len(chunk), _add_to_digest(digest, chunk)
    return rows, digest


def _add_to_digest(digest: int, rows: Sequence[tuple[Any, ...]]) -> int:
    """Adds rows to a digest that is independent of order: databases sort texts differently."""
    for row in rows:
        digest += int.from_bytes(
            hashlib.sha256(repr(row).encode("utf-8", "surrogatepass")).digest()
        )
    return digest % (1 << DIGEST_BITS)


async def advance_counter(conn: AsyncConnection, table: Table) -> None:
    """Sets a sequence of PostgreSQL to the last copied key; SQLite does so by itself."""
    column = table.autoincrement_column
    if conn.dialect.name == "sqlite" or column is None:
        return
    place = {"table": f'"{table.name}"', "column": column.name}
    sequence = (
        await conn.execute(text("SELECT pg_get_serial_sequence(:table, :column)"), place)
    ).scalar()
    last = (await conn.execute(select(func.max(column)))).scalar()
    if sequence is not None and last is not None:
        await conn.execute(
            text("SELECT setval(CAST(:name AS regclass), :last)"), {"name": sequence, "last": last}
        )
